// `pnpm features` as processes: shards, a kill in the middle, merging, and training on what was merged.
import { copyFile, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from '@foreword/test-kit';
import { openSafetensorsPath } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { answer, type Answer, type AnswerOptions } from './run-trainer.ts';
import { makeTinyWorld, type TinyWorld } from './tiny-world.ts';

const test = suite('features command', { timeLimitSeconds: 120 });
let world: TinyWorld;
/** Features as a training computes them, by file name. */
let direct: Map<string, Buffer>;

const cacheOf = (name: string): Record<string, string> => ({ FOREWORD_CACHE: join(world.root, name) });
const here = (...parts: string[]): string => join(world.root, ...parts);

function features(out: string, args: readonly string[], options: AnswerOptions = {}): Promise<Answer> {
  const base = [
    '--dataset',
    world.dataset,
    '--backbones',
    world.backbones,
    '--out',
    here(out),
    '--chunk',
    '4',
  ];
  return answer('features', [...base, ...args], options);
}

function train(run: string, cache: string): Promise<Answer> {
  const flags = ['--batch', '4', '--epochs', '1', '--max-steps', '1', '--prefix', '2'];
  const base = ['--dataset', world.dataset, '--backbones', world.backbones, '--out', here(run)];
  return answer('train', [...base, ...flags], { env: cacheOf(cache) });
}

async function cached(cache: string): Promise<Map<string, Buffer>> {
  const folder = here(cache, 'features');
  const names = (await readdir(folder)).sort();
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)),
  );
}

/** Chunk files with the moment at which each was written. */
async function chunks(out: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const entry of await readdir(here(out), { recursive: true }).catch(() => []))
    if (/\d{8}-\d{8}\.safetensors$/.test(entry)) found.set(entry, (await stat(here(out, entry))).mtimeMs);
  return found;
}

async function chunkBytes(out: string): Promise<Buffer[]> {
  const names = [...(await chunks(out)).keys()].sort();
  return await Promise.all(names.map((name) => readFile(here(out, name))));
}

test.before(async () => {
  world = await makeTinyWorld();
  const trained = await train('direct', 'direct-cache');
  assert.is(trained.code, 0, trained.text);
  assert.match(trained.stderr, 'CLIP features train');
  direct = await cached('direct-cache');
  assert.is(direct.size, 3);
});
test.after(async () => await rm(world.root, { recursive: true }));

test('two shards, one of them by Slurm, merge to the bytes that a training writes; training takes them', async () => {
  const one = await features('two', ['--shard', '1/2']);
  assert.is(one.code, 0, one.text);
  assert.match(one.stdout, 'shard 1/2 (--shard): 20 pictures encoded, 0 were there, 0 unreadable');
  const early = await answer('features', ['merge', here('two')], { env: cacheOf('two-cache') });
  assert.is(early.code, 1);
  assert.match(
    early.stderr,
    /3 of 6 chunks of the train split are missing or damaged: pictures 4–7, 12–15, 20–23/,
  );
  const env = { SLURM_ARRAY_TASK_ID: '8', SLURM_ARRAY_TASK_MIN: '7', SLURM_ARRAY_TASK_COUNT: '2' };
  const two = await features('two', [], { env });
  assert.is(two.code, 0, two.text);
  assert.match(two.stdout, 'shard 2/2 (SLURM_ARRAY_TASK_ID): 18 pictures encoded, 0 were there');
  const merged = await answer('features', ['merge', here('two')], { env: cacheOf('two-cache') });
  assert.is(merged.code, 0, merged.text);
  assert.match(merged.stdout, /^train: 24 features, 0 pictures unreadable/);
  assert.equal(await cached('two-cache'), direct);
  const trained = await train('merged', 'two-cache');
  assert.is(trained.code, 0, trained.text);
  assert.not.match(trained.stderr, 'CLIP features');
  const captions = async (run: string): Promise<string> => await readFile(here(run, 'samples.jsonl'), 'utf8');
  assert.is(await captions('merged'), await captions('direct'));
});

test('killed with SIGKILL in the middle, the same command goes on: nothing lost, nothing doubled', async () => {
  // So many chunks that even a fast machine is in the middle of them.
  const fine = ['--chunk', '1'];
  const killed = await features('kill', fine, {
    onStart: async (kill, isRunning) => {
      while (isRunning() && (await chunks('kill')).size < 3) await new Promise((r) => setTimeout(r, 5));
      kill('SIGKILL');
    },
  });
  assert.is(killed.code, 137, 'it was killed: 128 and SIGKILL');
  const before = await chunks('kill');
  assert.ok(before.size >= 3 && before.size < 38, `${before.size} of 38 chunks were written`);
  // Another number of shards takes over, one chunk was damaged meanwhile, and one holds other pictures than its name says.
  const [damaged, wrong, right] = before.keys();
  await truncate(here('kill', damaged), 100);
  await copyFile(here('kill', right), here('kill', wrong));
  for (const shard of ['1/3', '2/3', '3/3']) {
    const again = await features('kill', [...fine, '--shard', shard]);
    assert.is(again.code, 0, again.text);
  }
  const after = await chunks('kill');
  assert.is(after.size, 24 + 6 + 8);
  for (const [name, at] of before)
    if (name !== damaged && name !== wrong) assert.is(after.get(name), at, `${name} was left alone`);
  const merged = await answer('features', ['merge', here('kill')], { env: cacheOf('kill-cache') });
  assert.is(merged.code, 0, merged.text);
  assert.equal(await cached('kill-cache'), direct);
  const idle = await features('kill', fine);
  assert.match(idle.stdout, '0 pictures encoded, 38 were there');
});

test('unreadable pictures are skipped in the same places as in a training', async () => {
  await truncate(join(world.dataset, 'train/5.png'), 50);
  const done = await features('bad', []);
  assert.is(done.code, 0, done.text);
  assert.match(done.stdout, '37 pictures encoded, 0 were there, 1 unreadable');
  assert.match((await features('bad', [])).stdout, '0 pictures encoded, 38 were there');
  await answer('features', ['merge', here('bad')], { env: cacheOf('bad-cache') });
  const trained = await train('bad-run', 'bad-cache');
  assert.not.match(trained.stderr, 'CLIP features');
  assert.match(trained.stderr, /note: .*train\/5\.png/);
  const names = [...(await cached('bad-cache')).keys()];
  const file = await openSafetensorsPath(
    here(
      'bad-cache/features',
      names.find((name) => name.startsWith('train'))!,
    ),
  );
  const used = [...(await file.readAsI32('used'))];
  await file.close();
  assert.equal(
    used,
    Array.from({ length: 24 }, (_, i) => i).filter((i) => i !== 5),
  );
});

test('--check says what a dataset holds, without a device', async () => {
  const env = { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json' };
  const got = await answer('features', ['--dataset', world.dataset, '--check'], { env });
  assert.is(got.code, 0, got.text);
  assert.match(
    got.stdout,
    /^coco .*: 24 train, 6 val, 8 test pictures with 76 captions; nothing left out\n$/,
  );
});

test('--clip names the model as in pnpm train', async () => {
  const base = ['--dataset', world.dataset, '--chunk', '4', '--out', here('named')];
  const named = await answer('features', [...base, '--clip', join(world.backbones, 'clip')]);
  assert.is(named.code, 0, named.text);
  assert.match(named.stdout, '37 pictures encoded');
  assert.equal(await chunkBytes('named'), await chunkBytes('bad'));
  for (const [name, wanted] of [
    ['./model.safetensors', 'a model with its config.json is needed'],
    [here('nowhere'), 'config.json is missing'],
  ] as const) {
    const got = await answer('features', [...base, '--clip', name]);
    assert.is.not(got.code, 0);
    assert.match(got.stderr, wanted);
  }
});

test('a folder of another extraction, wrong words and missing flags are refused', async () => {
  const other = await features('two', ['--chunk', '5']);
  assert.is(other.code, 1);
  assert.match(other.stderr, /holds features of another extraction: --chunk differs\n {2}cure: /);
  for (const [args, code, wanted] of [
    [['--dataset', world.dataset], 2, '--out is missing'],
    [['join', 'x'], 2, '"join x" is not understood'],
    [['merge'], 2, 'pnpm features merge DIR'],
    [['merge', here('nowhere')], 1, 'features.json cannot be read'],
    [['--dataset', 'x', '--out', 'y', '--shard', '3/2'], 2, '--shard must be i/n'],
  ] as const) {
    const got = await answer('features', [...args]);
    assert.is(got.code, code, got.text);
    assert.match(got.stderr, wanted);
  }
});

test.run();
