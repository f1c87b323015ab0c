// Encoders over many inputs, and zero-shot classification, against the golden features and logits.
import * as assert from 'uvu/assert';
import { type Clip, ImageEncoder, imageTokenCount, PromptEncoder, zeroShot } from '@foreword/clip';
import { openDevice, tensor, type Device } from '@foreword/tensor/node';
import { allClose, failOnGpuErrors, relativeError, suite } from '@foreword/test-kit';
import { goldenClip, goldenPixels, readFeatureGolden } from './golden/golden-figures.ts';

const golden = readFeatureGolden();
const T = golden.config.context_length;
const D = golden.config.embed_dim;
const perImage = 3 * golden.config.image_resolution ** 2;
const test = suite('clip encoders', { timeLimitSeconds: 300 });
let device: Device;
let clip: Clip;

test.before(async () => {
  device = await openDevice();
  clip = await goldenClip(device, golden);
});
test.after(() => device.close());
test.after.each(failOnGpuErrors(() => device));

const split = (all: Float32Array, size: number): Float32Array[] =>
  Array.from({ length: all.length / size }, (_, i) => all.slice(i * size, (i + 1) * size));

test('images in batches, the last one padded, keep their order and their bits', async () => {
  const images = split(goldenPixels(golden, 'tiny', 5), perImage);
  const before = device.stats.liveBytes;
  const encoder = await ImageEncoder.create(clip, { batch: 3 });
  const features = await encoder.encode(images);
  assert.is(features.length, 5);
  assert.ok(relativeError([...features[0], ...features[1]], golden.imageFeatures) < 1e-4);
  assert.equal(await encoder.encode([images[4], images[0]]), [features[4], features[0]]);
  assert.not.equal(features[3], features[4]);
  assert.equal(await encoder.encode([]), []);
  encoder.dispose();
  encoder.dispose();
  assert.is(device.stats.liveBytes, before);
});

test('with tokens a picture is all rows of the tower, its feature first', async () => {
  const images = split(goldenPixels(golden, 'tiny', 2), perImage);
  const [pooled, rows] = await Promise.all(
    [false, true].map(async (tokens) => await ImageEncoder.create(clip, { batch: 2, tokens })),
  );
  const count = imageTokenCount(clip.config);
  assert.is(rows.embedDim, count * D);
  const [features, tokens] = [await pooled.encode(images), await rows.encode(images)];
  const wanted = await device.scope(async () => {
    const pixels = tensor(
      device,
      images.flatMap((image) => [...image]),
      [2, 3, 64, 64],
    );
    return (await clip.encodeImageTokens(pixels, { projected: true }).read()) as Float32Array;
  });
  for (const i of [0, 1]) {
    assert.ok(relativeError(tokens[i].subarray(0, D), features[i]) < 1e-6);
    assert.ok(relativeError(tokens[i], wanted.subarray(i * count * D, (i + 1) * count * D)) < 1e-6);
  }
  pooled.dispose();
  rows.dispose();
});

test('an image of another size is refused with its position', async () => {
  const encoder = await ImageEncoder.create(clip, { batch: 1 });
  let message = '';
  await encoder
    .encode([new Float32Array(perImage), new Float32Array(12)])
    .catch((error: Error) => (message = error.message));
  assert.match(message, /image 1 has 12 numbers; this model takes 3·n·n = 12288/);
  encoder.dispose();
});

test('texts in batches, the last one shorter, give the golden features', async () => {
  const before = device.stats.liveBytes;
  const encoder = new PromptEncoder(clip, { batch: 3 });
  const rows = split(Float32Array.from(golden.tokens), T);
  // The fourth text makes a batch of its own, whose columns are cut to 8.
  const short = rows.findIndex((row) => row.indexOf(Math.max(...row)) < 8);
  const features = await encoder.encode(Int32Array.from([...golden.tokens, ...rows[short]]));
  assert.is(features.length, 4);
  assert.ok(
    relativeError(
      features.slice(0, 3).flatMap((f) => [...f]),
      golden.textFeatures,
    ) < 1e-4,
  );
  assert.ok(relativeError(features[3], features[short]) < 1e-5);
  await encoder.dispose();
  assert.is(device.stats.liveBytes, before);
});

test('zero-shot probabilities are the softmax of the golden logits', async () => {
  const encoder = new PromptEncoder(clip, { batch: 3 });
  const asked: string[] = [];
  const labels = ['red', 'green', 'blue'];
  const classify = await zeroShot(encoder, {
    labels,
    tokenize: (texts) => {
      asked.push(...texts);
      return Int32Array.from(golden.tokens);
    },
  });
  assert.equal(asked, ['a photo of a red', 'a photo of a green', 'a photo of a blue']);
  const results = classify(split(Float32Array.from(golden.imageFeatures), D));
  for (const [i, { probabilities, label, index }] of results.entries()) {
    const logits = golden.logitsPerImage.slice(3 * i, 3 * i + 3);
    const weights = logits.map((x) => Math.exp(x - Math.max(...logits)));
    const total = weights.reduce((a, b) => a + b, 0);
    allClose(
      probabilities,
      weights.map((w) => w / total),
      { rtol: 1e-2, atol: 1e-4 },
    );
    assert.is(index, logits.indexOf(Math.max(...logits)));
    assert.is(label, labels[index]);
  }
  await encoder.dispose();
});

test('several templates are averaged, and a text finds its own label', async () => {
  const encoder = new PromptEncoder(clip, { batch: 3 });
  const [first, second, third] = split(Float32Array.from(golden.tokens), T).map((row) => [...row]);
  const classify = await zeroShot(encoder, {
    labels: ['one', 'two'],
    templates: ['{}', 'a {}, a {}'],
    tokenize: (texts) => {
      assert.equal(texts, ['one', 'a one, a one', 'two', 'a two, a two']);
      return Int32Array.from([...first, ...second, ...third, ...third]);
    },
  });
  const features = await encoder.encode(Int32Array.from([...first, ...second, ...third]));
  assert.equal(
    classify(features).map(({ label }) => label),
    ['one', 'one', 'two'],
  );
  await encoder.dispose();
});

test('labels and templates are checked', async () => {
  const encoder = new PromptEncoder(clip);
  const tokenize = (): Int32Array => new Int32Array(T);
  const messageOf = async (labels: string[], templates?: string[]): Promise<string> =>
    await zeroShot(encoder, { labels, templates, tokenize }).then(
      () => '',
      (error: Error) => error.message,
    );
  assert.match(await messageOf([]), /there are no labels/);
  assert.match(await messageOf(['x'], ['a photo']), /needs \{\} where the label goes: a photo$/);
  assert.match(await messageOf(['x'], []), /none was given/);
});

test.run();
