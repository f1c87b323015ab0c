// A run that is stopped and resumed equals one that never stopped, bit for bit; interrupts, damage and a full disk lose nothing.
import fs from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError, parseFlags } from '@foreword/cli-kit';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { Gpt2, Lora, parseGpt2Config, type LoraConfig } from '@foreword/gpt2';
import { seeded } from '@foreword/nn';
import { createMapper, type PrefixPlacement } from '@foreword/prefix-mapper';
import { openDevice, openSafetensorsPath } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { seededRandom } from '../src/data/random.ts';
import { RunFolder } from '../src/run/run-folder.ts';
import type { StepMetrics } from '../src/run/metrics.ts';
import type { Batch, TokenizedSet } from '../src/train/batches.ts';
import type { SelfCritic } from '../src/train/self-critical.ts';
import { toSettings, trainFlags, type ResolvedSettings } from '../src/train/settings.ts';
import { trainMapper, type TrainOptions } from '../src/train/train-mapper.ts';

const test = suite('resume', { timeLimitSeconds: 240 });
const device = await openDevice();
test.after.each(failOnGpuErrors(device));

const D = 6;
const config = parseGpt2Config({ vocab_size: 40, n_positions: 32, n_embd: 16, n_layer: 1, n_head: 2 });

function makeSet(examples: number, seed: number): TokenizedSet {
  const draw = seededRandom(seed);
  return {
    D,
    skipped: [],
    features: Float32Array.from({ length: examples * D }, () => draw() - 0.5),
    examples: Array.from({ length: examples }, (_, id) => ({ id, path: `${id}.png`, captions: ['a', 'b'] })),
    tokens: Array.from({ length: examples }, () =>
      Array.from({ length: 2 }, () =>
        Array.from({ length: 3 + Math.floor(draw() * 8) }, () => 1 + Math.floor(draw() * 39)),
      ),
    ),
  };
}

const settings: ResolvedSettings = {
  ...toSettings(parseFlags([], trainFlags).values),
  prefix: 2,
  epochs: 3,
  batch: 4,
  lr: 1e-2,
  warmup: 2,
  seed: 7,
  dataset: 'none',
};

type RunOptions = Partial<Omit<TrainOptions, 'lora'>> & { placement?: PrefixPlacement; lora?: LoraConfig };

async function run(path: string, { placement, lora: sizes, ...more }: RunOptions): Promise<void> {
  const tuneGpt2 = more.tuneGpt2 ?? false;
  const gpt2 = Gpt2.random(device, config, 3);
  const mapper = createMapper(
    device,
    { type: 'mlp', prefixLength: 2, featureSize: D, embeddingSize: 16, placement },
    { seed: 7 },
  );
  const lora = sizes && new Lora(seeded(device, { seed: 7 }), config, sizes);
  gpt2.adapt(lora);
  const folder = new RunFolder(path);
  if (!more.resume) await folder.create();
  // As `pnpm train --resume` does.
  const resume = more.resume === true && (await folder.hasSaved());
  await trainMapper({
    device,
    gpt2,
    mapper,
    tuneGpt2,
    lora,
    settings: { ...settings, tuneGpt2 },
    train: makeSet(20, 1),
    val: makeSet(6, 2),
    folder,
    maxSteps: undefined,
    saveEvery: { ms: 600_000 },
    signal: new AbortController().signal,
    ...more,
    resume,
  });
}

async function valuesOf(path: string): Promise<Map<string, string>> {
  const file = await openSafetensorsPath(join(path, 'checkpoints/last.safetensors'));
  const all = new Map<string, string>();
  for (const name of file.names()) all.set(name, Array.from(await file.readAsF32(name)).join());
  await file.close();
  return all;
}

const lossesOf = async (path: string): Promise<number[]> =>
  (await readFile(join(path, 'metrics.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as StepMetrics).loss);

const regimes: Record<string, RunOptions> = {
  'GPT-2 frozen': {},
  'GPT-2 tuned, with dropout': { tuneGpt2: true },
  LoRA: { lora: { rank: 2, alpha: 4 } },
  'a deep prefix': { placement: { kind: 'deep', layers: 1, width: 8, prompt: [39] } },
};
for (const [name, regime] of Object.entries(regimes)) {
  test(`7 + 8 steps equal 15 (${name})`, async () => {
    const root = await mkdtemp(join(tmpdir(), 'foreword-resume-'));
    const [whole, parts] = [join(root, 'whole'), join(root, 'parts')];
    await run(whole, regime);
    await run(parts, { ...regime, maxSteps: 7 });
    assert.is((await lossesOf(parts)).length, 7);
    await run(parts, { ...regime, resume: true });
    assert.is((await lossesOf(whole)).length, 15);
    assert.equal(await lossesOf(parts), await lossesOf(whole));
    const [a, b] = [await valuesOf(whole), await valuesOf(parts)];
    assert.equal([...b.keys()].sort(), [...a.keys()].sort());
    for (const [key, value] of a) assert.is(b.get(key), value, `${key} after resuming`);
    await rm(root, { recursive: true });
  });
}

test('noise on features is drawn by step: 7 + 8 steps equal 15, and noise changes them', async () => {
  const root = await mkdtemp(join(tmpdir(), 'foreword-resume-'));
  const [whole, parts, plain] = [join(root, 'whole'), join(root, 'parts'), join(root, 'plain')];
  const noise = { deviation: 0.2, length: 1 };
  await run(whole, { noise });
  await run(parts, { noise, maxSteps: 7 });
  await run(parts, { noise, resume: true });
  assert.equal(await lossesOf(parts), await lossesOf(whole));
  assert.equal(await valuesOf(parts), await valuesOf(whole));
  await run(plain, { noise: { ...noise, deviation: 0 }, maxSteps: 1 });
  assert.not.equal((await lossesOf(plain))[0], (await lossesOf(whole))[0]);
  await rm(root, { recursive: true });
});

test('an interrupt saves the step it finished, and the run continues from there', async () => {
  const root = await mkdtemp(join(tmpdir(), 'foreword-resume-'));
  const path = join(root, 'run');
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1);
  await run(path, { signal: controller.signal });
  const done = (await lossesOf(path).catch(() => [])).length;
  await run(path, { resume: true });
  assert.is((await lossesOf(path)).length, 15);
  assert.ok(done < 15);
  await rm(root, { recursive: true });
});

test("an interrupt on an epoch's last step still validates, so that best and last equal those of a whole run", async () => {
  const root = await mkdtemp(join(tmpdir(), 'foreword-resume-'));
  const [whole, parts] = [join(root, 'whole'), join(root, 'parts')];
  await run(whole, {});
  // An epoch has five steps; the loop asks once for the epoch and once for each step before it is through.
  let asked = 0;
  const signal = {
    get aborted() {
      return asked++ >= 6;
    },
  } as AbortSignal;
  await run(parts, { signal });
  assert.is((await lossesOf(parts)).length, 5);
  await run(parts, { resume: true });
  for (const name of ['validation.jsonl', 'checkpoints/best.safetensors', 'checkpoints/last.safetensors'])
    assert.equal(await readFile(join(parts, name)), await readFile(join(whole, name)), name);
  await rm(root, { recursive: true });
});

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = (await work.catch((e: unknown) => e)) as Error & { cure?: string };
  assert.instance(error, CommandError, String(error));
  return `${error.message} | ${error.cure}`;
}

test('a damaged, missing or foreign checkpoint and damaged metrics are refused with their name', async () => {
  const root = await mkdtemp(join(tmpdir(), 'foreword-resume-'));
  const path = join(root, 'run');
  const last = join(path, 'checkpoints/last.safetensors');
  await run(path, { maxSteps: 1 });
  const bytes = await readFile(last);
  for (const size of [0, 500, bytes.length - 1]) {
    await writeFile(last, bytes.subarray(0, size));
    assert.match(
      await refusal(run(path, { resume: true })),
      /last\.safetensors cannot be read; it is missing or damaged \| check --resume, --init/,
    );
  }
  await writeFile(last, bytes);
  assert.match(
    await refusal(run(path, { resume: true, tuneGpt2: true })),
    /last\.safetensors has no tensor gpt\.transformer\.\S+: it belongs to another kind of run/,
  );
  const metrics = join(path, 'metrics.jsonl');
  await writeFile(metrics, `${await readFile(metrics, 'utf8')}{"step": 2, "los`);
  assert.match(await refusal(run(path, { resume: true })), /metrics\.jsonl: line 2 is no JSON \| repair/);
  await writeFile(metrics, '');
  await rm(last);
  // A finished run that lost its checkpoint is not trained anew over its best one.
  await writeFile(join(path, 'summary.json'), '{}');
  assert.match(await refusal(run(path, { resume: true })), /last\.safetensors cannot be read; it is missing/);
  await rm(root, { recursive: true });
});

test('a full disk is told with file, cause and cure; the checkpoints before it stay whole', async () => {
  const root = await mkdtemp(join(tmpdir(), 'foreword-resume-'));
  const path = join(root, 'run');
  await run(path, { maxSteps: 5 });
  const before = await valuesOf(path);
  const { open } = fs.promises;
  fs.promises.open = async (file, ...rest) => {
    const handle = await open(file, ...rest);
    if (String(file).includes('last.safetensors') && rest[0] === 'wx') {
      // The file system takes a part and then no more.
      handle.writeFile = async () => {
        await handle.write('part');
        throw Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC', syscall: 'write' });
      };
    }
    return handle;
  };
  syncBuiltinESMExports();
  try {
    assert.match(
      await refusal(run(path, { resume: true })),
      /^could not write \S+last\.safetensors: the disk is full \(ENOSPC\) \| free some space/,
    );
  } finally {
    fs.promises.open = open;
    syncBuiltinESMExports();
  }
  assert.equal(await valuesOf(path), before);
  assert.equal((await readdir(join(path, 'checkpoints'))).sort(), ['best.safetensors', 'last.safetensors']);
  await run(path, { resume: true });
  assert.is((await lossesOf(path)).length, 15);
  await rm(root, { recursive: true });
});

test('a loss that is no number stops the run, keeps the checkpoint and says which; the rows so far are written', async () => {
  const root = await mkdtemp(join(tmpdir(), 'foreword-resume-'));
  const path = join(root, 'run');
  await run(path, { maxSteps: 5 });
  const before = await valuesOf(path);
  const tooFast = { ...settings, lr: 1e38 };
  assert.match(
    await refusal(run(path, { resume: true, settings: tooFast })),
    /the (loss|gradient norm) of step \d+ is \S+: the training has diverged \| give a smaller --lr .*; checkpoints\/last\.safetensors is kept as it was after step 5$/,
  );
  assert.equal(await valuesOf(path), before);
  const losses = await lossesOf(path);
  assert.ok(losses.length > 5 && losses.every(Number.isFinite), losses.join());
  await run(path, { resume: true });
  assert.is((await lossesOf(path)).length, 15);
  await rm(root, { recursive: true });
});

test('a run that diverged before its first checkpoint says so, and begins anew in its place', async () => {
  const root = await mkdtemp(join(tmpdir(), 'foreword-resume-'));
  const [whole, path] = [join(root, 'whole'), join(root, 'run')];
  await run(whole, {});
  assert.match(
    await refusal(run(path, { settings: { ...settings, lr: 1e38 } })),
    /the training has diverged \| .*; no checkpoint was saved before it$/,
  );
  assert.ok((await lossesOf(path)).length > 0);
  await run(path, { resume: true });
  assert.equal(await everythingOf(path), await everythingOf(whole));
  await rm(root, { recursive: true });
});

test('weights that overflow are not saved over the last good checkpoint', async () => {
  const root = await mkdtemp(join(tmpdir(), 'foreword-resume-'));
  const path = join(root, 'run');
  await run(path, { maxSteps: 5 });
  const before = await valuesOf(path);
  // Saved after every step: the one whose own loss and gradient were finite, too.
  const options = { resume: true, saveEvery: { steps: 1 }, settings: { ...settings, lr: 1e39 } };
  assert.match(await refusal(run(path, options)), /is no number after step 6: .* as it was after step 5$/);
  assert.equal(await valuesOf(path), before);
  await rm(root, { recursive: true });
});

const { rename } = fs.promises;
/** From the write with this number on, none comes to its end: what lies on the disk is what a crash leaves. Tells how many did. */
const dieAt = (write: number): (() => number) => {
  let left = write;
  fs.promises.rename = async (from, to) => {
    if (left-- <= 0) throw Object.assign(new Error('EIO: rename'), { code: 'EIO', syscall: 'rename' });
    await rename(from, to);
  };
  syncBuiltinESMExports();
  return () => write - left;
};
const alive = (): void => {
  fs.promises.rename = rename;
  syncBuiltinESMExports();
};

/** All that a run leaves but times. */
async function everythingOf(path: string): Promise<unknown[]> {
  const files = ['checkpoints/best.safetensors', 'checkpoints/last.safetensors', 'validation.jsonl'];
  return [await lossesOf(path), ...(await Promise.all(files.map((name) => readFile(join(path, name)))))];
}

test('a run that ends at any of its writes goes on to the same bits, and loses no row', async () => {
  const root = await mkdtemp(join(tmpdir(), 'foreword-resume-'));
  const whole = join(root, 'whole');
  await run(whole, {});
  const wanted = await everythingOf(whole);
  // Every second step: four files at each of two places in an epoch, five after it (four where validation is no better).
  const saveEvery = { steps: 2 };
  const done = dieAt(1000);
  await run(join(root, 'counted'), { saveEvery });
  try {
    for (const write of [0, 2, 3, 5, 8, 9, 12, 13, 16, 20, 25, 26, 34, done() - 1]) {
      const path = join(root, String(write));
      dieAt(write);
      assert.match(await refusal(run(path, { saveEvery })), /could not write/, `write ${write}`);
      alive();
      await run(path, { saveEvery, resume: true });
      assert.equal(await everythingOf(path), wanted, `after write ${write}`);
    }
  } finally {
    alive();
  }
  await rm(root, { recursive: true });
});

test('a self-critical run that begins anew validates its start again, which stays the best', async () => {
  const root = await mkdtemp(join(tmpdir(), 'foreword-resume-'));
  const critic = (): SelfCritic => {
    const rewards = [0.9, 0.1, 0.2, 0.3];
    const made = {
      criticise: (batch: Batch) => Promise.resolve({ batch, reward: 0 }),
      validate: () => Promise.resolve(rewards.shift()),
    };
    return made as unknown as SelfCritic;
  };
  // The best checkpoint of the start, three files of rows after the first epoch, and no checkpoint behind them.
  dieAt(4);
  try {
    assert.match(await refusal(run(root, { critic: critic() })), /could not write/);
  } finally {
    alive();
  }
  await run(root, { critic: critic(), resume: true });
  const best = await openSafetensorsPath(join(root, 'checkpoints/best.safetensors'));
  assert.equal([best.metadata.step, best.metadata.bestValLoss], ['0', '-0.9']);
  await best.close();
  await rm(root, { recursive: true });
});

test.after(() => device.close());
test.run();
