// A CLIP from scratch: its initial weights, and that gradient steps on a plan lower the contrastive loss.
import * as assert from 'uvu/assert';
import { clampLogitScale, Clip, contrastiveLoss, maxLogitScale } from '@foreword/clip';
import {
  affine,
  compile,
  copyInto,
  grad,
  openDevice,
  parameter,
  sub,
  tensor,
  type Device,
} from '@foreword/tensor/node';
import { failOnGpuErrors, goldenTensor, suite } from '@foreword/test-kit';
import { tinyConfig } from './tiny-clip.ts';

const test = suite('train clip', { timeLimitSeconds: 300 });
let device: Device;

test.before(async () => {
  device = await openDevice();
});
test.after(() => device.close());
test.after.each(failOnGpuErrors(() => device));

const read = async (clip: Clip, name: string): Promise<Float32Array> =>
  (await clip.namedParameters().get(name)!.read()) as Float32Array;

const deviation = (values: Float32Array): number =>
  Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);

test('initial weights have OpenAI’s deviations', async () => {
  const clip = Clip.random(device, tinyConfig, 1);
  const V = tinyConfig.vision.width;
  const W = tinyConfig.text.width;
  const expected: Record<string, number> = {
    'token_embedding.weight': 0.02,
    positional_embedding: 0.01,
    'visual.positional_embedding': V ** -0.5,
    'visual.proj': V ** -0.5,
    text_projection: W ** -0.5,
    'visual.conv1.weight': (3 * 48) ** -0.5,
    'transformer.resblocks.0.attn.in_proj_weight': W ** -0.5,
    'transformer.resblocks.0.attn.out_proj.weight': W ** -0.5 * 2 ** -0.5,
    'transformer.resblocks.0.mlp.c_fc.weight': (2 * W) ** -0.5,
    'transformer.resblocks.0.mlp.c_proj.weight': W ** -0.5 * 2 ** -0.5,
    // Uniform ±a has deviation a/√3.
    'visual.transformer.resblocks.1.attn.in_proj_weight': (6 / (4 * V) / 3) ** 0.5,
    'visual.transformer.resblocks.1.mlp.c_fc.weight': (3 * V) ** -0.5,
    'visual.transformer.resblocks.1.mlp.c_proj.weight': (3 * 4 * V) ** -0.5,
    'visual.transformer.resblocks.1.attn.in_proj_bias': 0,
    'transformer.resblocks.0.attn.out_proj.bias': 0,
    'visual.ln_pre.weight': 1,
    'ln_final.bias': 0,
    logit_scale: Math.log(1 / 0.07),
  };
  for (const [name, wanted] of Object.entries(expected)) {
    const got = deviation(await read(clip, name));
    assert.ok(Math.abs(got - wanted) <= 0.15 * wanted, `${name}: deviation ${got}, expected ${wanted}`);
  }
  clip.dispose();
});

test('a seed gives the same weights again, another seed others, and no two tensors are alike', async () => {
  const [a, b, c] = [1, 1, 2].map((seed) => Clip.random(device, tinyConfig, seed));
  const name = 'visual.transformer.resblocks.0.mlp.c_fc.weight';
  assert.equal(await read(a, name), await read(b, name));
  assert.not.equal(await read(a, name), await read(c, name));
  assert.not.equal(await read(a, name), await read(a, name.replace('.0.', '.1.')));
  for (const clip of [a, b, c]) clip.dispose();
});

test('replayed gradient steps lower the loss until the pairs are told apart', async () => {
  const clip = Clip.random(device, tinyConfig, 3);
  const n = tinyConfig.vision.imageSize;
  const B = 4;
  const T = 6;
  const parameters = clip.parameters();
  const plan = await compile(
    device,
    {
      pixels: { shape: [B, 3, n, n] },
      tokens: { shape: [B, T], dtype: 'i32' },
      ends: { shape: [B], dtype: 'i32' },
    },
    ({ pixels, tokens, ends }) => {
      const loss = contrastiveLoss(clip.encodeImage(pixels), clip.encodeText(tokens, ends), clip.logitScale);
      const steps = grad(loss, parameters).map((g) => affine(g, 0.02));
      device.gradEnabled = false;
      parameters.forEach((p, i) => copyInto(sub(p, steps[i]), p));
      clampLogitScale(clip.logitScale);
      device.gradEnabled = true;
      return { loss };
    },
  );
  const tokens = Array.from({ length: B * T }, (_, i) => (i % T === 3 ? 36 : (i * 7) % 35));
  const ends = Array.from({ length: B }, (_, b) => b * T + 3);
  const values = { pixels: goldenTensor(1, '', 'pixels', [B, 3, n, n], 2), tokens, ends };
  const losses: number[] = [];
  for (let step = 0; step < 60; step++) losses.push(await plan.run(values).loss.item());
  assert.ok(losses.every(Number.isFinite), `losses ${losses.join(' ')}`);
  assert.ok(losses.at(-1)! < 0.5 * losses[0], `loss ${losses[0]} → ${losses.at(-1)}`);
  plan.dispose();
  clip.dispose();
});

test('the logit scale is set back only where it is too large', async () => {
  for (const [start, wanted] of [
    [5, maxLogitScale],
    [4, 4],
    [-1, -1],
  ] as const) {
    const scale = parameter(device, [start], []);
    device.scope(() => clampLogitScale(scale));
    assert.ok(Math.abs((await scale.item()) - wanted) < 1e-6, `from ${start}`);
    assert.ok(scale.requiresGrad);
    scale.dispose();
  }
});

test('a wrong number of texts is no batch of pairs', () =>
  device.scope(() => {
    const images = tensor(device, new Float32Array(6), [3, 2]);
    const texts = tensor(device, new Float32Array(4), [2, 2]);
    const scale = tensor(device, [0], []);
    assert.throws(() => contrastiveLoss(images, texts, scale), /3 images and 2 texts are no pairs/);
  }));

test.run();
