// Tiny CLIPs in files that PyTorch wrote, TorchScript archives among them, against the features PyTorch computed.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import {
  Clip,
  type ClipConfig,
  clipParameterShapes,
  ImageEncoder,
  loadClip,
  textInputs,
} from '@foreword/clip';
import { fileSource, noGrad, openDevice, tensor, type Device } from '@foreword/tensor/node';
import type { TensorSource } from '@foreword/nn';
import { failOnGpuErrors, goldenTensor, relativeError, suite } from '@foreword/test-kit';
import { openTorchFile, type TorchFile } from '@foreword/torch-file';

interface TorchCase {
  file: string;
  /** Name the pixels are drawn from. */
  pixels: string;
  config: ClipConfig;
  tokens: number[];
  parameters: number;
  imageFeatures: number[];
  textFeatures: number[];
}

const folder = new URL('golden/torch/', import.meta.url);
const { cases } = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as {
  cases: TorchCase[];
};
const open = async (name: string): Promise<TorchFile> =>
  await openTorchFile(await fileSource(fileURLToPath(new URL(name, folder))));

const test = suite('clip from torch files', { timeLimitSeconds: 300 });
let device: Device;

test.before(async () => {
  device = await openDevice();
});
test.after(() => device.close());
test.after.each(failOnGpuErrors(() => device));

async function features(
  clip: Clip,
  { pixels, tokens, config }: TorchCase,
): Promise<Record<'image' | 'text', Float32Array>> {
  const { vision, text } = config;
  const shape = [2, 3, vision.imageSize, vision.imageSize];
  const cut = textInputs(Int32Array.from(tokens), text.contextLength);
  return await device.scope(async () => {
    const [image, rows] = noGrad(device, () => [
      clip.encodeImage(tensor(device, goldenTensor(1, '', pixels, shape, 2), shape)),
      clip.encodeText(
        tensor(device, cut.tokens, [2, cut.length], { dtype: 'i32' }),
        tensor(device, cut.ends, [2], { dtype: 'i32' }),
      ),
    ]);
    return { image: (await image.read()) as Float32Array, text: (await rows.read()) as Float32Array };
  });
}

const cosine = (a: ArrayLike<number>, b: readonly number[]): number =>
  b.reduce((sum, x, i) => sum + x * a[i], 0) / (Math.hypot(...Array.from(a)) * Math.hypot(...b));

for (const golden of cases) {
  const D = golden.config.embedDim;

  test(`${golden.file}: weights in f16 on the GPU`, async () => {
    if (!device.adapter.f16) return console.log('  skipped: this adapter has no f16');
    const weights = await open(golden.file);
    const clip = await loadClip(device, { weights, config: golden.config, dtype: 'f16' });
    await weights.close();
    for (const [name, t] of clip.namedParameters()) {
      const isMatrix = t.rank > 1 && !name.endsWith('positional_embedding');
      assert.is(t.dtype, isMatrix ? 'f16' : 'f32', name);
    }
    const got = await features(clip, golden);
    for (const [what, actual, expected] of [
      ['image', got.image, golden.imageFeatures],
      ['text', got.text, golden.textFeatures],
    ] as const) {
      const cosines = [0, 1].map((row) =>
        cosine(actual.subarray(row * D, row * D + D), expected.slice(row * D, row * D + D)),
      );
      console.log(`  ${golden.file} ${what}, f16: cosine 1 − ${(1 - Math.min(...cosines)).toExponential(1)}`);
      assert.ok(Math.min(...cosines) >= 0.9995, `${what} features: cosines ${cosines.join(', ')}`);
    }
    clip.dispose();
  });

  test(golden.file, async () => {
    const weights = await open(golden.file);
    const config = golden.file.startsWith('resnet-torchscript') ? undefined : golden.config;
    const clip = await loadClip(device, { weights, config });
    await weights.close();
    assert.equal(clip.config, golden.config);
    const got = await features(clip, golden);
    for (const [what, actual, expected] of [
      ['image', got.image, golden.imageFeatures],
      ['text', got.text, golden.textFeatures],
    ] as const) {
      const error = relativeError(actual, expected);
      console.log(`  ${golden.file} ${what}: ${error.toExponential(2)} of the norm`);
      assert.ok(error <= 1e-5, `${what} features: relative error ${error}`);
    }
    clip.dispose();
  });

  test(`${golden.file}: as many parameters as PyTorch counts`, () => {
    const sizes = [...clipParameterShapes(golden.config).values()].map((shape) =>
      shape.reduce((a, b) => a * b, 1),
    );
    assert.is(
      sizes.reduce((a, b) => a + b, 0),
      golden.parameters,
    );
  });
}

test('a ResNet is for inference', async () => {
  const golden = cases.find(({ file }) => file === 'resnet-zip-f32.pt')!;
  const weights = await open(golden.file);
  const before = device.stats.liveBytes;
  const clip = await loadClip(device, { weights, config: golden.config });
  const n = golden.config.vision.imageSize;
  assert.throws(() => clip.trainable(), /ResNet is for inference/);
  assert.throws(() => Clip.random(device, golden.config, 1), /ResNet is for inference/);
  device.scope(() => {
    const pixels = tensor(device, new Float32Array(3 * n * n), [1, 3, n, n]);
    assert.throws(() => clip.encodeImageTokens(pixels), /a ResNet has no rows but its feature/);
  });
  let message = '';
  await clip.save().catch((error: Error) => (message = error.message));
  assert.match(message, /has no ResNet image towers/);
  clip.trainable(false).dispose();
  assert.is(device.stats.liveBytes, before);
  await weights.close();
});

test('a ResNet without its running statistics is refused by their name', async () => {
  const golden = cases.find(({ file }) => file === 'resnet-zip-f32.pt')!;
  const weights = await open(golden.file);
  const cut: TensorSource = {
    name: 'cut.pt',
    names: () => weights.names().filter((name) => name !== 'visual.layer2.1.bn3.running_var'),
    info: (name) => weights.info(name),
    readAsF32: (name) => weights.readAsF32(name),
  };
  let message = '';
  await loadClip(device, { weights: cut, config: golden.config }).catch(
    (error: Error) => (message = error.message),
  );
  assert.match(
    message,
    /^cut\.pt: [^]*visual\.layer2\.1\.bn3\.running_var \(a part of visual\.layer2\.1\.conv3\.weight\)/,
  );
  await weights.close();
});

test('images through an encoder, in batches', async () => {
  const golden = cases.find(({ file }) => file.startsWith('resnet-torchscript'))!;
  const weights = await open(golden.file);
  const clip = await loadClip(device, { weights });
  await weights.close();
  const n = golden.config.vision.imageSize;
  const both = goldenTensor(1, '', golden.pixels, [2, 3, n, n], 2);
  const images = [both.slice(0, 3 * n * n), both.slice(3 * n * n)];
  const encoder = await ImageEncoder.create(clip, { batch: 2 });
  const [first, second, third] = await encoder.encode([...images, images[0]]);
  assert.ok(relativeError([...first, ...second], golden.imageFeatures) < 1e-5);
  assert.equal(third, first);
  encoder.dispose();
  clip.dispose();
});

test.run();
