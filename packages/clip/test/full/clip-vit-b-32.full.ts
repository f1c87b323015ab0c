// ViT-B/32 at full size against the original program's figures, from f32 and from f16 weights.
// FOREWORD_TEST_DATA names the data folder; the golden files lie beside it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { ImageEncoder, similarity, type Clip } from '@foreword/clip';
import { clipPreprocess } from '@foreword/image';
import { openDevice, openSafetensorsPath, tensor, type Device, type TensorFile } from '@foreword/tensor/node';
import { failOnGpuErrors, relativeError, suite } from '@foreword/test-kit';
import { goldenClip, goldenPixels, type GoldenModel } from '../golden/golden-figures.ts';
import { dataFolder, goldenFolder, modelOf, texts } from '../golden/golden-file.ts';

const path = join(goldenFolder, 'clip-vit-b-32.safetensors');
const test = suite('ViT-B/32 at full size', { timeLimitSeconds: 600 });

let device: Device;
let file: TensorFile;
let model: GoldenModel;

/** Relative error for f32, cosine for f16; the second is what rounded weights leave room for. */
interface Agreement {
  label: string;
  error: number;
  /** The least of all rows. */
  cosine: number;
}

function compare(label: string, actual: Float32Array, expected: Float32Array, D: number): Agreement {
  let least = 1;
  for (let at = 0; at < expected.length; at += D) {
    const [a, b] = [actual.subarray(at, at + D), expected.subarray(at, at + D)];
    const dot = a.reduce((sum, x, i) => sum + x * b[i], 0);
    least = Math.min(least, dot / (Math.hypot(...a) * Math.hypot(...b)));
  }
  const agreement = { label, error: relativeError(actual, expected), cosine: least };
  console.log(
    `  ${label}: ${agreement.error.toExponential(2)} of the norm, 1 − cosine ${(1 - least).toExponential(1)}`,
  );
  return agreement;
}

/** Everything the golden file pins, as agreements; a matrix of logits is compared as one row. */
async function agreements(clip: Clip): Promise<{ features: Agreement[]; logits: Agreement[] }> {
  const n = model.config.image_resolution;
  const D = model.config.embed_dim;
  const features: Agreement[] = [];
  const logits = await device.scope(async () => {
    const images = clip.encodeImage(tensor(device, goldenPixels(model, 'vit-b-32', 2), [2, 3, n, n]));
    const { tokens, ends } = await texts(device, file);
    const rows = clip.encodeText(tokens, ends);
    for (const [label, made, stored] of [
      ['image features', images, 'random_pixels.features'],
      ['text features', rows, 'tokens.features'],
    ] as const) {
      const values = (await made.read()) as Float32Array;
      features.push(compare(label, values, await file.readAsF32(stored), D));
    }
    const found: Agreement[] = [];
    for (const [stored, made] of [
      ['logits_per_image', similarity(images, rows, clip.logitScale)],
      ['logits_per_text', similarity(rows, images, clip.logitScale)],
    ] as const) {
      const values = (await made.read()) as Float32Array;
      found.push(compare(stored, values, await file.readAsF32(stored), values.length));
    }
    return found;
  });
  const encoder = await ImageEncoder.create(clip, { batch: 1 });
  for (const stored of file.names().filter((name) => /^image\/.*\.features$/.test(name))) {
    const picture = stored.slice('image/'.length, -'.features'.length);
    const pixels = clipPreprocess(readFileSync(join(dataFolder, 'photos', picture)), n);
    const [feature] = await encoder.encode([pixels]);
    features.push(compare(picture, feature, await file.readAsF32(stored), D));
  }
  encoder.dispose();
  return { features, logits };
}

if (existsSync(path)) {
  test.before(async () => {
    device = await openDevice();
    file = await openSafetensorsPath(path);
    model = modelOf(file);
  });
  test.after(async () => {
    await file.close();
    device.close();
  });
  test.after.each(failOnGpuErrors(() => device));

  test('f32: features of pixels, texts and photographs, and logits, within 1e-4 of their norm', async () => {
    const clip = await goldenClip(device, model);
    const { features, logits } = await agreements(clip);
    clip.dispose();
    assert.is(features.length, 6, 'pixels, texts and four photographs');
    for (const { label, error } of [...features, ...logits]) assert.ok(error <= 1e-4, `${label}: ${error}`);
  });

  test('f16: half the memory, and every feature at a cosine of at least 0.9995', async () => {
    if (!device.adapter.f16) return console.log('  skipped: this adapter has no f16');
    const before = device.stats.liveBytes;
    const clip = await goldenClip(device, model, 'f16');
    const bytes = device.stats.liveBytes - before;
    console.log(`  weights: ${(bytes / 1e6).toFixed(0)} MB`);
    // 151,277,313 parameters; vectors and position tables stay f32.
    assert.ok(bytes < 0.51 * 4 * 151_277_313, `${bytes} bytes`);
    const { features } = await agreements(clip);
    clip.dispose();
    for (const { label, cosine } of features) assert.ok(cosine >= 0.9995, `${label}: cosine ${cosine}`);
  });
} else {
  console.log(`SKIPPED: ${path} does not exist (set FOREWORD_TEST_DATA)`);
  test.skip('the golden files are not here');
}

test.run();
