// The tiny CLIP against the original program's figures: features, logits, contrastive loss and gradients.
import * as assert from 'uvu/assert';
import { contrastiveLoss, similarity, textInputs, type Clip } from '@foreword/clip';
import { compile, grad, openDevice, slice, tensor, type Device, type Tensor } from '@foreword/tensor/node';
import { failOnGpuErrors, relativeError, suite } from '@foreword/test-kit';
import {
  goldenClip,
  goldenPixels,
  readContrastiveGolden,
  readFeatureGolden,
  stridedValues,
} from './golden/golden-figures.ts';

const golden = readFeatureGolden();
const contrastive = readContrastiveGolden();
const n = golden.config.image_resolution;
const T = golden.config.context_length;

// A cold software adapter compiles for a minute or more. The same batch of 3 throughout keeps the kernels few.
const test = suite('golden clip-tiny', { timeLimitSeconds: 300 });
let device: Device;
let clip: Clip;

test.before(async () => {
  device = await openDevice();
  clip = (await goldenClip(device, golden)).trainable();
});
test.after(() => device.close());
test.after.each(failOnGpuErrors(() => device));

const pixelsOf = (name: string): Tensor => tensor(device, goldenPixels(golden, name, 3), [3, 3, n, n]);

function texts(): { tokens: Tensor; ends: Tensor } {
  const { tokens, ends, length } = textInputs(Int32Array.from(golden.tokens), T);
  return {
    tokens: tensor(device, tokens, [3, length], { dtype: 'i32' }),
    ends: tensor(device, ends, [3], { dtype: 'i32' }),
  };
}

/** The golden file has two images; a third one behind them follows from the same rule. */
const firstTwo = (x: Tensor): Tensor => slice(x, { start: 0, end: 2 });

/** Prints the measured error, then holds it to the tolerance. */
async function near(
  label: string,
  actual: Tensor,
  expected: readonly number[],
  limit: number,
): Promise<void> {
  const error = relativeError(await actual.read(), expected);
  console.log(`  ${label}: ${error.toExponential(2)} of the norm`);
  assert.ok(error <= limit, `${label}: relative error ${error}, at most ${limit}`);
}

test('image features', () =>
  device.scope(async () => {
    const features = clip.encodeImage(pixelsOf('tiny'));
    assert.equal(features.shape, [3, 48]);
    await near('image features', firstTwo(features), golden.imageFeatures, 1e-4);
  }));

test('text features', () =>
  device.scope(async () => {
    const { tokens, ends } = texts();
    await near('text features', clip.encodeText(tokens, ends), golden.textFeatures, 1e-4);
  }));

test('logits of images against texts', () =>
  device.scope(async () => {
    const { tokens, ends } = texts();
    const images = firstTwo(clip.encodeImage(pixelsOf('tiny')));
    const features = clip.encodeText(tokens, ends);
    await near(
      'logits per image',
      similarity(images, features, clip.logitScale),
      golden.logitsPerImage,
      1e-4,
    );
    await near('logits per text', similarity(features, images, clip.logitScale), golden.logitsPerText, 1e-4);
  }));

test('the class row of all rows, projected, is the image feature', () =>
  device.scope(async () => {
    const pixels = pixelsOf('tiny');
    const rows = clip.encodeImageTokens(pixels, { projected: true });
    assert.equal(rows.shape, [3, 17, 48]);
    const all = await rows.read();
    const first = [...all.slice(0, 48), ...all.slice(17 * 48, 18 * 48)];
    assert.ok(relativeError(first, golden.imageFeatures) < 1e-4);
    assert.equal(clip.encodeImageTokens(pixels).shape, [3, 17, 64]);
  }));

test('f16 weights change the features by no more than their rounding', () =>
  device.scope(async () => {
    if (!device.adapter.f16) return console.log('  skipped: this adapter has no f16');
    const half = await goldenClip(device, golden, 'f16');
    const error = relativeError(
      await firstTwo(half.encodeImage(pixelsOf('tiny'))).read(),
      golden.imageFeatures,
    );
    console.log(`  image features from f16 weights: ${error.toExponential(2)} of the norm`);
    assert.ok(error > 0 && error < 2e-3, `relative error ${error}`);
    const { tokens, ends } = texts();
    assert.ok(relativeError(await half.encodeText(tokens, ends).read(), golden.textFeatures) < 2e-3);
    half.dispose();
  }));

function lossAndGradients(pixels: Tensor, tokens: Tensor, ends: Tensor): Record<string, Tensor> {
  const loss = contrastiveLoss(clip.encodeImage(pixels), clip.encodeText(tokens, ends), clip.logitScale);
  const names = [...clip.namedParameters().keys()];
  const grads = grad(loss, clip.parameters());
  return { loss, ...Object.fromEntries(names.map((name, i) => [`grad/${name}`, grads[i]])) };
}

async function checkLossAndGradients(result: Record<string, Tensor>): Promise<void> {
  const loss = await result.loss.item();
  const lossError = Math.abs(loss / contrastive.loss - 1);
  assert.ok(lossError <= 1e-5, `loss ${loss}, expected ${contrastive.loss}`);
  let worst = { name: '', error: 0 };
  for (const [name, { norm, values }] of Object.entries(contrastive.gradients)) {
    const all = await result[`grad/${name}`].read();
    const normError = Math.abs(Math.hypot(...all) - norm) / norm;
    const part = stridedValues(all);
    // The kept values are held to the share of the norm that as many values have on average.
    const share = norm * Math.sqrt(part.length / all.length);
    const difference = Math.hypot(...part.map((x, i) => x - values[i])) / share;
    const error = Math.max(normError, difference);
    if (error > worst.error) worst = { name, error };
    assert.ok(error <= 1e-3, `gradient of ${name}: relative error ${error}`);
  }
  console.log(
    `  loss: ${lossError.toExponential(2)} relative; gradients: worst ${worst.error.toExponential(2)} of the norm (${worst.name})`,
  );
}

test('contrastive loss and its gradients, eager', () =>
  device.scope(async () => {
    const { tokens, ends } = texts();
    assert.is(Object.keys(contrastive.gradients).length, clip.parameters().length);
    await checkLossAndGradients(lossAndGradients(pixelsOf('ctiny'), tokens, ends));
  }));

test('a plan gives the same bits, replay after replay', () =>
  device.scope(async () => {
    const { tokens, ends } = texts();
    const eager = lossAndGradients(pixelsOf('ctiny'), tokens, ends);
    const plan = await compile(
      device,
      {
        pixels: { shape: [3, 3, n, n] },
        tokens: { shape: tokens.shape, dtype: 'i32' },
        ends: { shape: [3], dtype: 'i32' },
      },
      (inputs) => lossAndGradients(inputs.pixels, inputs.tokens, inputs.ends),
    );
    const values = {
      pixels: goldenPixels(golden, 'ctiny', 3),
      tokens: await tokens.read(),
      ends: await ends.read(),
    };
    for (let replay = 0; replay < 3; replay++) {
      const outputs = plan.run(values);
      for (const [name, t] of Object.entries(eager)) {
        assert.equal(await outputs[name].read(), await t.read(), `${name}, replay ${replay}`);
      }
    }
    plan.dispose();
  }));

test('a frozen model writes no tape and saves nothing for one', async () => {
  const encode = () =>
    compile(device, { pixels: { shape: [3, 3, n, n] } }, ({ pixels }) => ({
      features: clip.encodeImage(pixels),
    }));
  const trained = await encode();
  clip.trainable(false);
  const frozen = await encode();
  clip.trainable();
  assert.ok(trained.outputs.features.requiresGrad);
  assert.not.ok(frozen.outputs.features.requiresGrad);
  const bindings = (plan: typeof frozen): number =>
    plan.calls.reduce((sum, call) => sum + call.bindings.length, 0);
  assert.ok(bindings(frozen) < bindings(trained));
  for (const plan of [trained, frozen]) plan.dispose();
});

test.run();
