// A run that is stopped and resumed equals one that never stopped, bit for bit; an interrupt saves and stops.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { Gpt2, parseGpt2Config } from '@foreword/gpt2';
import { createMapper } from '@foreword/prefix-mapper';
import { openDevice, openSafetensorsPath } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { seededRandom } from '../src/data/random.ts';
import { RunFolder, type StepMetrics } from '../src/run/run-folder.ts';
import type { TokenizedSet } from '../src/train/batches.ts';
import type { Settings } from '../src/train/settings.ts';
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

const settings: Settings = {
  prefix: 2,
  mapper: 'mlp',
  tuneGpt2: false,
  epochs: 3,
  batch: 4,
  lr: 1e-2,
  warmup: 2,
  seed: 7,
  dataset: 'none',
  quick: false,
  strict: false,
  shuffleFeatures: false,
};

async function run(path: string, more: Partial<TrainOptions> & { tuneGpt2?: boolean }): Promise<void> {
  const tuneGpt2 = more.tuneGpt2 ?? false;
  const gpt2 = Gpt2.random(device, config, 3);
  const mapper = createMapper(
    device,
    { type: 'mlp', prefixLength: 2, featureSize: D, embeddingSize: 16 },
    { seed: 7 },
  );
  const folder = new RunFolder(path);
  if (!more.resume) await folder.create();
  await trainMapper({
    device,
    gpt2,
    mapper,
    tuneGpt2,
    settings: { ...settings, tuneGpt2 },
    train: makeSet(20, 1),
    val: makeSet(6, 2),
    folder,
    resume: false,
    maxSteps: undefined,
    signal: new AbortController().signal,
    ...more,
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

for (const tuneGpt2 of [false, true]) {
  test(`7 + 8 steps equal 15 (${tuneGpt2 ? 'GPT-2 tuned, with dropout' : 'GPT-2 frozen'})`, async () => {
    const root = await mkdtemp(join(tmpdir(), 'foreword-resume-'));
    const [whole, parts] = [join(root, 'whole'), join(root, 'parts')];
    await run(whole, { tuneGpt2 });
    await run(parts, { tuneGpt2, maxSteps: 7 });
    assert.is((await lossesOf(parts)).length, 7);
    await run(parts, { tuneGpt2, resume: true });
    assert.is((await lossesOf(whole)).length, 15);
    assert.equal(await lossesOf(parts), await lossesOf(whole));
    const [a, b] = [await valuesOf(whole), await valuesOf(parts)];
    assert.equal([...b.keys()].sort(), [...a.keys()].sort());
    for (const [name, value] of a) assert.is(b.get(name), value, `${name} after resuming`);
    await rm(root, { recursive: true });
  });
}

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

test('a damaged or foreign checkpoint is refused with its name', async () => {
  const root = await mkdtemp(join(tmpdir(), 'foreword-resume-'));
  const path = join(root, 'run');
  await run(path, { maxSteps: 1 });
  const { truncate } = await import('node:fs/promises');
  await truncate(join(path, 'checkpoints/last.safetensors'), 500);
  let message = '';
  await run(path, { resume: true }).catch((error: Error) => (message = error.message));
  assert.match(message, 'last.safetensors');
  assert.match(message, 'damaged');
  await rm(root, { recursive: true });
});

test.after(() => device.close());
test.run();
