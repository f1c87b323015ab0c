// The tiny CLIP against its whole golden files: features, photographs and every gradient. ViT-B/32 is in test/full.
// FOREWORD_TEST_DATA names the data folder; the golden files lie beside it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { contrastiveLoss, ImageEncoder, similarity, type Clip } from '@foreword/clip';
import { clipPreprocess } from '@foreword/image';
import {
  compile,
  grad,
  openDevice,
  openSafetensorsPath,
  tensor,
  type Device,
  type Tensor,
  type TensorFile,
} from '@foreword/tensor/node';
import { failOnGpuErrors, relativeError, suite } from '@foreword/test-kit';
import { goldenClip, goldenPixels, type GoldenModel } from '../golden/golden-figures.ts';
import { dataFolder, goldenFolder, modelOf, texts } from '../golden/golden-file.ts';

function near(label: string, actual: ArrayLike<number>, expected: ArrayLike<number>, limit: number): void {
  const error = relativeError(actual, expected);
  console.log(`  ${label}: ${error.toExponential(2)} of the norm`);
  assert.ok(error <= limit, `${label}: relative error ${error}, at most ${limit}`);
}

/** One golden model; `name` is how the file and its pixels are called. */
function onModel(name: string, fileName: string): void {
  const path = join(goldenFolder, `${fileName}.safetensors`);
  if (!existsSync(path)) {
    console.log(`SKIPPED ${fileName}: ${path} does not exist (set FOREWORD_TEST_DATA)`);
    return;
  }
  const test = suite(`conformance ${fileName}`, { timeLimitSeconds: 600 });
  let device: Device;
  let file: TensorFile;
  let clip: Clip;
  let model: GoldenModel;
  test.before(async () => {
    device = await openDevice();
    file = await openSafetensorsPath(path);
    model = modelOf(file);
    clip = await goldenClip(device, model);
  });
  test.after(async () => {
    await file.close();
    device.close();
  });
  test.after.each(failOnGpuErrors(() => device));

  test('features of random pixels and of tokens, and their logits', () =>
    device.scope(async () => {
      const n = model.config.image_resolution;
      const images = clip.encodeImage(tensor(device, goldenPixels(model, name, 2), [2, 3, n, n]));
      near('image features', await images.read(), await file.readAsF32('random_pixels.features'), 1e-4);
      const { tokens, ends } = await texts(device, file);
      const rows = clip.encodeText(tokens, ends);
      near('text features', await rows.read(), await file.readAsF32('tokens.features'), 1e-4);
      const logits = similarity(images, rows, clip.logitScale);
      near('logits', await logits.read(), await file.readAsF32('logits_per_image'), 1e-4);
    }));

  test('features of photographs, from the picture file on', async () => {
    const encoder = await ImageEncoder.create(clip, { batch: 1 });
    for (const stored of file.names().filter((x) => /^image\/.*\.features$/.test(x))) {
      const picture = stored.slice('image/'.length, -'.features'.length);
      const photo = join(dataFolder, 'photos', picture);
      if (!existsSync(photo)) {
        console.log(`  SKIPPED ${picture}: ${photo} does not exist`);
        continue;
      }
      const pixels = clipPreprocess(readFileSync(photo), model.config.image_resolution);
      const [feature] = await encoder.encode([pixels]);
      near(picture, feature, await file.readAsF32(stored), 1e-4);
    }
    encoder.dispose();
  });

  const contrastivePath = join(goldenFolder, `${fileName}-contrastive.safetensors`);
  if (existsSync(contrastivePath)) {
    test('contrastive loss and every gradient, whole', async () => {
      const golden = await openSafetensorsPath(contrastivePath);
      clip.trainable();
      const n = model.config.image_resolution;
      const { tokens, ends } = await texts(device, file);
      const plan = await compile(device, { pixels: { shape: [3, 3, n, n] } }, ({ pixels }) => {
        const loss = contrastiveLoss(
          clip.encodeImage(pixels),
          clip.encodeText(tokens, ends),
          clip.logitScale,
        );
        const parameters = [...clip.namedParameters()];
        const grads = grad(
          loss,
          parameters.map(([, t]) => t),
        );
        return { loss, ...Object.fromEntries(parameters.map(([key], i) => [`grad/${key}`, grads[i]])) };
      });
      const outputs: Record<string, Tensor> = plan.run({ pixels: goldenPixels(model, `c${name}`, 3) });
      near('loss', await outputs.loss.reshape([1]).read(), await golden.readAsF32('loss'), 1e-5);
      let worst = 0;
      for (const key of golden.names().filter((x) => x.startsWith('grad/'))) {
        const error = relativeError(await outputs[key].read(), await golden.readAsF32(key));
        assert.ok(error <= 1e-3, `${key}: relative error ${error}`);
        worst = Math.max(worst, error);
      }
      console.log(`  gradients: worst ${worst.toExponential(2)} of the norm`);
      plan.dispose();
      await golden.close();
    });
  }
  test.run();
}

onModel('tiny', 'clip-tiny');
