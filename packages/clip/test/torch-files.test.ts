// Tiny CLIPs in files that PyTorch wrote, TorchScript archives among them, against the features PyTorch computed.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { type Clip, type ClipConfig, clipParameterShapes, loadClip, textInputs } from '@foreword/clip';
import { fileSource, noGrad, openDevice, tensor, type Device } from '@foreword/tensor/node';
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
const { cases } = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as { cases: TorchCase[] };
const open = async (name: string): Promise<TorchFile> =>
  await openTorchFile(await fileSource(fileURLToPath(new URL(name, folder))));

const test = suite('clip from torch files', { timeLimitSeconds: 300 });
let device: Device;

test.before(async () => {
  device = await openDevice();
});
test.after(() => device.close());
test.after.each(failOnGpuErrors(() => device));

async function features(clip: Clip, { pixels, tokens, config }: TorchCase): Promise<Record<'image' | 'text', Float32Array>> {
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

for (const golden of cases) {
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
    const sizes = [...clipParameterShapes(golden.config).values()].map((shape) => shape.reduce((a, b) => a * b, 1));
    assert.is(
      sizes.reduce((a, b) => a + b, 0),
      golden.parameters,
    );
  });
}

test.run();
