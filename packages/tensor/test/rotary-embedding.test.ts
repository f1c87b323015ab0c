// Rotary embeddings against figures of PyTorch 1.13 in float64, far positions, and arguments that are refused.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { grad, openDevice, rotaryEmbedding, tensor, type Tensor } from '../src/node.ts';

const device = await openDevice();
const test = suite('rotary embedding');
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const wave = (...shape: number[]): Tensor =>
  tensor(
    device,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(0.7 * i)),
    shape,
  ).trainable();

async function near(t: Tensor, wanted: readonly number[]): Promise<void> {
  const got = await t.read();
  assert.is(got.length, wanted.length);
  wanted.forEach((x, i) => assert.ok(Math.abs(got[i] - x) < 1.2e-6, `${i}: ${got[i]}, not ${x}`));
}

// x·cos + rotate_half(x)·sin, and the product of complex pairs, at positions 0, 1 and 100000.
const halves = [
  0, 0.644218, 0.98545, 0.863209, 0.914401, -0.340941, -0.189032, -0.985911, 0.607377, -0.80764, -0.679134,
  0.569628,
];
const interleavedPairs = [
  0, 0.644218, 0.98545, 0.863209, 0.476169, 0.092354, -0.861708, -0.991119, 0.630262, -0.03937, -0.447621,
  1.098974,
];
const gradient = [
  1, 0.540302, -0.416147, -0.989992, 0.45479, 0.291187, 1.068804, 0.751028, 0.115411, -0.508741, 0.843737,
  0.755884,
];

test('both layouts and the gradient are those of PyTorch, at position 100000 too', () =>
  device.scope(async () => {
    const x = wave(1, 3, 4);
    const positions = tensor(device, [0, 1, 100000], [3], { dtype: 'u32' });
    const y = rotaryEmbedding(x, { positions });
    await near(y, halves);
    await near(rotaryEmbedding(x, { positions, interleaved: true }), interleavedPairs);
    const seed = tensor(
      device,
      Array.from({ length: 12 }, (_, i) => Math.cos(i)),
      [1, 3, 4],
    );
    await near(grad(y, [x], { seed })[0], gradient);
  }));

test('cosines and sines are within 2⁻²² of the true ones at a thousand positions up to 10⁵', () =>
  device.scope(async () => {
    const T = 1000;
    const at = Uint32Array.from({ length: T }, (_, i) => (i * 7919) % 100001);
    const x = tensor(
      device,
      Float32Array.from({ length: T * 8 }, (_, i) => (i % 8 < 4 ? 1 : 0)),
      [T, 8],
    );
    const y = await rotaryEmbedding(x, { positions: tensor(device, at, [T], { dtype: 'u32' }) }).read();
    let worst = 0;
    for (let t = 0; t < T; t++) {
      for (let i = 0; i < 4; i++) {
        const angle = at[t] * 10000 ** (-i / 4);
        worst = Math.max(worst, Math.abs(y[t * 8 + i] - Math.cos(angle)));
        worst = Math.max(worst, Math.abs(y[t * 8 + i + 4] - Math.sin(angle)));
      }
    }
    assert.ok(worst < 2 ** -22, String(worst));
  }));

test('[B, T, H, D] along axis 1 is [B, H, T, D] turned round', () =>
  device.scope(async () => {
    const x = wave(2, 3, 2, 4);
    const wanted = await rotaryEmbedding(x.transpose([0, 2, 1, 3]))
      .transpose([0, 2, 1, 3])
      .read();
    assert.equal(await rotaryEmbedding(x, { axis: 1 }).read(), wanted);
  }));

test('refused by name: an odd dim, positions that do not fit or are no u32, an axis of channels, unknown options', () => {
  device.scope(() => {
    const x = wave(2, 3, 5);
    const numbers = (shape: number[], dtype: 'u32' | 'f32' = 'u32'): Tensor =>
      tensor(device, new Array(shape.reduce((a, b) => a * b, 1)).fill(0), shape, { dtype });
    assert.throws(() => rotaryEmbedding(x), /rotaryEmbedding: dim is 5, but an even number/);
    assert.throws(
      () => rotaryEmbedding(x, { dim: 6 }),
      /rotaryEmbedding: dim is 6, but .* at most the 5 channels/,
    );
    assert.throws(
      () => rotaryEmbedding(x, { dim: 4, positions: numbers([2]) }),
      /positions \[2\] are neither \[3\] nor \[2, 3\]/,
    );
    assert.throws(
      () => rotaryEmbedding(x, { dim: 4, positions: numbers([3], 'f32') }),
      /positions are f32, but u32/,
    );
    assert.throws(
      () => rotaryEmbedding(x, { dim: 4, axis: -1 }),
      /needs an axis of positions before its channels/,
    );
    assert.throws(() => rotaryEmbedding(x, { dim: 4, base: 0 }), /rotaryEmbedding: base is 0/);
    assert.throws(() => rotaryEmbedding(x, { theta: 1 } as never), /there is no option 'theta'/);
  });
});

test.run();
