// Data before the first step: bad pictures and captions, the feature cache, the blind run.
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { openDevice, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { prepare, type Prepared } from '../src/train/prepare.ts';
import { toSettings, trainFlags, type Settings } from '../src/train/settings.ts';
import { parseFlags } from '@foreword/cli-kit';
import { makeTinyWorld, picture, type TinyWorld } from './tiny-world.ts';

const test = suite('prepare', { timeLimitSeconds: 60 });
let world: TinyWorld;
let device: Device;
let features: string;
/** Test files of a package share a process. */
const cacheBefore = process.env.FOREWORD_CACHE;

test.before(async () => {
  world = await makeTinyWorld({ train: 6 });
  process.env.FOREWORD_CACHE = world.cache;
  features = join(world.cache, 'features');
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(async () => {
  if (cacheBefore === undefined) delete process.env.FOREWORD_CACHE;
  else process.env.FOREWORD_CACHE = cacheBefore;
  device.close();
  await rm(world.root, { recursive: true });
});

async function prepared(more: Partial<Settings> = {}): Promise<Prepared> {
  const settings = {
    ...toSettings(parseFlags([], trainFlags).values),
    batch: 2,
    dataset: world.dataset,
    ...more,
  };
  const folders = { clip: join(world.backbones, 'clip'), gpt2: join(world.backbones, 'gpt2') };
  return await prepare(device, settings, folders, new AbortController().signal);
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = (await work.catch((e: unknown) => e)) as Error & { cure?: string; exitCode?: number };
  assert.is(error.exitCode, 1, `it failed for people: ${String(error)}`);
  assert.ok(error.cure, 'it says what to do');
  return `${error.message} | ${error.cure}`;
}

const cached = async (): Promise<string[]> => (await readdir(features)).sort();
const file = (...parts: string[]): string => join(world.dataset, ...parts);

test('features are computed once; a damaged cache is computed anew', async () => {
  const first = await prepared();
  const files = await cached();
  assert.is(files.length, 3);
  assert.equal(first.skipped, []);
  assert.is(first.sets.train.features.length, 6 * 16);
  const train = join(
    features,
    files.find((name) => name.startsWith('train-'))!,
  );
  const bytes = await readFile(train);
  // Other features in the same file are believed: that is the proof that they are read and not computed.
  const changed = Buffer.from(bytes);
  changed.fill(0, changed.length - 6 * 16 * 4 - 6 * 4, changed.length - 6 * 4);
  await writeFile(train, changed);
  assert.not.equal((await prepared()).sets.train.features, first.sets.train.features);
  await truncate(train, bytes.length - 5);
  assert.equal((await prepared()).sets.train.features, first.sets.train.features);
  assert.equal(await readFile(train), bytes);
  assert.equal(await cached(), files);
});

test('a training on texts only reads no picture but those of the test split', async () => {
  const before = await cached();
  await rm(features, { recursive: true });
  const { sets, space } = await prepared({ textOnly: 'capdec' });
  const kinds = (await cached()).map((name) => name.split('-')[0]);
  // Training and validation have the same captions here.
  assert.equal(kinds, ['test', 'text']);
  assert.is(sets.train.examples.length, 6);
  assert.is(sets.train.features.length, new Set(sets.train.captionRows!.flat()).size * 16);
  assert.is(space?.image, undefined);
  const standard = await prepared({ textOnly: 'capdec', textSpace: 'standardised' });
  assert.is(standard.space?.image?.mean.length, 16);
  await rm(features, { recursive: true });
  await prepared();
  assert.equal(await cached(), before);
});

test('unreadable, truncated and missing pictures are skipped and listed; a repaired one is used again', async () => {
  const whole = await prepared();
  await writeFile(file('train/1.png'), picture(1).subarray(0, 50));
  await writeFile(file('train/2.png'), 'no picture');
  await rm(file('train/0.png'));
  const { sets, skipped } = await prepared();
  assert.equal(
    sets.train.examples.map(({ id }) => id),
    [3, 4, 5],
  );
  assert.equal(sets.train.features, whole.sets.train.features.slice(3 * 16));
  assert.is(skipped.length, 3);
  for (const [i, line] of skipped.entries()) assert.match(line, `train/${i}.png`);
  assert.match(skipped[0], 'does not exist');

  const before = await cached();
  assert.match(
    await refusal(prepared({ strict: true })),
    /unreadable picture: .*0\.png does not exist \| put it there, or leave out --strict/,
  );
  await writeFile(file('train/0.png'), picture(0));
  assert.match(
    await refusal(prepared({ strict: true })),
    /unreadable picture: .*1\.png.* \| repair or remove it, or leave out --strict/,
  );
  assert.equal(await cached(), before, 'nothing half-written');

  for (const id of [1, 2]) await writeFile(file(`train/${id}.png`), picture(id));
  const repaired = await prepared({ strict: true });
  assert.equal(repaired.skipped, []);
  assert.equal(repaired.sets.train.features, whole.sets.train.features);
});

test('empty captions and pictures without one are left out and counted', async () => {
  const path = file('annotations/captions_val.json');
  const text = await readFile(path, 'utf8');
  const coco = JSON.parse(text) as { annotations: { image_id: number; caption: string | null }[] };
  coco.annotations[0].caption = ' \n ';
  for (const annotation of coco.annotations) if (annotation.image_id === 2) annotation.caption = null;
  await writeFile(path, JSON.stringify(coco));
  const { sets, skipped } = await prepared();
  assert.equal(skipped, [
    'captions_val.json: 3 × empty caption (picture 0, picture 2, picture 2)',
    'captions_val.json: 1 × picture without a caption (2)',
  ]);
  assert.equal(sets.val.examples[0].captions, ['This square is red.']);
  assert.is(sets.val.examples.length, 5);
  await writeFile(path, text);
});

test('caption files of another shape are refused with the entry that is wrong', async () => {
  const path = file('annotations/captions_train.json');
  const text = await readFile(path, 'utf8');
  for (const [from, to, wanted] of [
    ['"file_name":"3.png"', '"name":"3.png"', 'images[3] has no "file_name"'],
    ['"image_id":0', '"picture":0', 'annotations[0] has no "image_id"'],
    ['"annotations":', '"sentences":', 'the "annotations" list is missing or empty'],
  ]) {
    await writeFile(path, text.replace(from, to));
    const message = await refusal(prepared());
    assert.ok(message.startsWith(`captions_train.json is no COCO caption file: ${wanted}`), message);
  }
  await writeFile(path, text.replaceAll(/"file_name":"/g, '"file_name":"nowhere/'));
  assert.match(await refusal(prepared()), /the folder \S+nowhere of its train pictures is missing/);
  await writeFile(path, text);
});

test('a blind run keeps the captions and hands out the features of other pictures', async () => {
  const seeing = (await prepared()).sets;
  const blind = (await prepared({ shuffleFeatures: true, seed: 3 })).sets;
  const rows = ({ features: all }: { features: Float32Array }): string[] =>
    Array.from({ length: 6 }, (_, i) => all.slice(16 * i, 16 * i + 16).join());
  assert.not.equal(rows(blind.train), rows(seeing.train));
  assert.equal(rows(blind.train).sort(), rows(seeing.train).sort());
  assert.equal(blind.train.tokens, seeing.train.tokens);
  assert.equal(blind.test.features, seeing.test.features);
});

test('too large a batch or prefix and damaged backbones are refused', async () => {
  assert.match(
    await refusal(prepared({ batch: 7 })),
    /has 6 pictures, fewer than one batch of 7 \| give --batch 6/,
  );
  assert.match(
    await refusal(prepared({ prefix: 41 })),
    /a prefix of 41 leaves no room .* 48 positions \| give --prefix 24/,
  );
  for (const [path, wanted] of [
    [
      'clip/model.safetensors',
      /the backbone in \S+clip cannot be loaded: .*model\.safetensors.* \| .*pretrain clip/,
    ],
    ['gpt2/config.json', /the backbone in \S+gpt2 cannot be loaded: .* \| .*pretrain gpt2/],
    ['gpt2/tokenizer.json', /the backbone in \S+gpt2 cannot be loaded: .* \| .*pretrain gpt2/],
  ] as const) {
    const bytes = await readFile(join(world.backbones, path));
    await truncate(join(world.backbones, path), bytes.length - 9);
    assert.match(await refusal(prepared()), wanted);
    await writeFile(join(world.backbones, path), bytes);
  }
});

test.run();
