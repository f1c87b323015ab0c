// The captioner: pictures in, captions out, one by one, in batches and as a stream; loaded from a run folder.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Gpt2 } from '@foreword/gpt2';
import { clipPreprocess } from '@foreword/image';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { openDevice, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { Captioner, createMapper, MapperError, type Caption } from '../src/index.ts';
import { loadCaptioner } from '../src/node.ts';
import { disposeModels, stripes, tinyModels, writeRun, type TinyModels } from './tiny-run.ts';

const test = suite('captioner', { timeLimitSeconds: 300 });
const maxTokens = 6;
let device: Device;
let models: TinyModels;
let captioner: Captioner;

test.before(async () => {
  device = await openDevice();
  models = tinyModels(device);
  captioner = new Captioner({ ...models, stop: [], batch: 2 });
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => {
  captioner.dispose();
  disposeModels(models);
  assert.is(device.stats.liveBytes, 0, 'all memory is freed');
  device.close();
});

const features = (count: number): Float32Array[] =>
  Array.from({ length: count }, (_, n) =>
    Float32Array.from({ length: 16 }, (__, i) => 8 * Math.sin((n + 1) * (i + 1))),
  );

async function rejection(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (e: unknown) => e,
  );
  return error as Error;
}

test('overlapping calls take turns; batches and single pictures give the same captions', async () => {
  const given = features(3);
  const [all, ...single] = await Promise.all([
    captioner.captionFeatures(given, { maxTokens }),
    ...given.map((feature) => captioner.captionFeatures([feature], { maxTokens })),
  ]);
  assert.is(all.length, 3);
  assert.equal(
    all.map(({ ids }) => ids),
    single.map(([{ ids }]) => ids),
  );
  assert.ok(new Set(all.map(({ text }) => text)).size > 1, 'captions depend on the features');
  assert.ok(all.every(({ ids, isStopped }) => ids.length === maxTokens && !isStopped));
  const [beam] = await captioner.captionFeatures([given[0]], { maxTokens: 3, decode: { beam: 2 } });
  assert.is(beam.others.length, 1);
  assert.ok(beam.score! >= beam.others[0].score!);
});

test('samples do not depend on where batches are cut', async () => {
  const given = features(3);
  const decode = { sample: { seed: 9 } };
  const cut = await captioner.captionFeatures(given, { maxTokens, decode });
  const [, second] = await captioner.captionFeatures(given.slice(0, 2), { maxTokens, decode });
  const [third] = await captioner.captionFeatures([given[2]], {
    maxTokens,
    decode: { sample: { seed: 9, stream: 2 } },
  });
  assert.equal(second.ids, cut[1].ids);
  assert.equal(third.ids, cut[2].ids);
});

test('a stream’s pieces joined are the caption, for pixels of any kind', async () => {
  const picture = stripes(1);
  const caption = await captioner.caption(picture, { maxTokens });
  assert.is(caption.text, models.tokenizer.decode(caption.ids));
  let joined = '';
  for await (const piece of captioner.stream(clipPreprocess(picture, 8), { maxTokens })) joined += piece;
  assert.is(joined, caption.text);
  // A stream that is left early gives the turn back.
  for await (const piece of captioner.stream(picture, { maxTokens })) {
    assert.ok(piece.length > 0);
    break;
  }
  assert.equal((await captioner.caption(picture, { maxTokens })).ids, caption.ids);
});

test('normalizePrefix makes a feature’s length irrelevant', async () => {
  const normalising = new Captioner({ ...models, stop: [], normalizePrefix: true });
  const [feature] = features(1);
  const captions: Caption[] = [];
  for (const scale of [1, 40])
    captions.push(...(await normalising.captionFeatures([feature.map((x) => x * scale)], { maxTokens })));
  assert.equal(captions[0].ids, captions[1].ids);
  normalising.dispose();
});

test('a run folder becomes a captioner, with GPT-2 from the checkpoint where it was tuned', async () => {
  const picture = stripes(2);
  const run = await writeRun(models);
  const before = device.stats.liveBytes;
  const loaded = await loadCaptioner(device, run);
  const wanted = await captioner.caption(picture, { maxTokens });
  const stop = models.tokenizer.encode('.')[0];
  assert.equal(loaded.parts.stop, [stop]);
  const { ids, isStopped } = await loaded.caption(picture, { maxTokens });
  const end = wanted.ids.indexOf(stop);
  assert.equal(ids, end < 0 ? wanted.ids : wanted.ids.slice(0, end + 1));
  assert.is(isStopped, end >= 0);
  loaded.dispose();
  assert.is(device.stats.liveBytes, before);

  const tuned = Gpt2.random(device, models.gpt2.config, 77);
  const tunedRun = await writeRun(models, { tuned });
  const other = await loadCaptioner(device, tunedRun);
  assert.equal(await other.parts.gpt2.tokenTable.read(), await tuned.tokenTable.read());
  other.dispose();
  tuned.dispose();

  await rm(join(run, 'checkpoints', 'best.safetensors'));
  const missing = await rejection(loadCaptioner(device, run));
  assert.instance(missing, MapperError);
  assert.match(missing.message, /best\.safetensors is missing or cannot be read: the run has not saved it/);
  await writeFile(join(run, 'config.json'), '{"mapper": {');
  assert.match((await rejection(loadCaptioner(device, run))).message, /config\.json is no JSON .* truncated/);
  assert.match(
    (await rejection(loadCaptioner(device, join(run, 'nowhere')))).message,
    /is this the folder of a training run/,
  );
  for (const folder of [run, tunedRun]) await rm(join(folder, '..'), { recursive: true });
});

test('models and features that do not fit are refused', async () => {
  const { featureSize, embeddingSize } = models.mapper.config;
  const misfit = (
    sizes: { featureSize?: number; embeddingSize?: number; prefixLength?: number },
    message: RegExp,
  ): void => {
    const config = { type: 'mlp', prefixLength: 2, featureSize, embeddingSize, ...sizes } as const;
    const mapper = createMapper(device, config, { seed: 1 });
    assert.throws(() => new Captioner({ ...models, mapper, stop: [] }), message);
    mapper.dispose();
  };
  misfit({ featureSize: 17 }, /features have 16 numbers, the mapper takes 17/);
  misfit({ embeddingSize: 8 }, /width is 32, the mapper makes rows of 8/);
  misfit({ prefixLength: 24 }, /a prefix of 24 leaves none of GPT-2's 24 positions/);
  assert.match(
    (await rejection(captioner.captionFeatures([new Float32Array(3)]))).message,
    /feature 0 has 3 numbers; the mapper takes 16/,
  );
  const blind = new Captioner({ ...models, clip: undefined, stop: [] });
  assert.match((await rejection(blind.caption(stripes(0)))).message, /without a CLIP/);
  blind.dispose();
});

test.run();
