// The host's generator and initial values: the GPU's own numbers, bounds, moments, PyTorch's gains.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { openDevice } from '@foreword/tensor/node';
import { randomNormal, randomUniform, tensor, type Device } from '@foreword/tensor';
import * as assert from 'uvu/assert';
import { init, Random, type Init } from '../src/index.ts';

const test = suite('init');
let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

const n = 4096;
const drawn = (fill: Init, shape: readonly number[] = [64, 64]): Float32Array => {
  const values = new Float32Array(n);
  fill(values, Random.of(5, 'w'), shape);
  return values;
};
const mean = (values: Float32Array): number => values.reduce((a, b) => a + b, 0) / values.length;
const deviation = (values: Float32Array): number => {
  const m = mean(values);
  return Math.sqrt(values.reduce((sum, x) => sum + (x - m) ** 2, 0) / values.length);
};
/** Five standard errors of a mean, and of a deviation (less for bounded distributions). */
const close = (got: number, wanted: number, spread: number): void =>
  assert.ok(Math.abs(got - wanted) < (5 * spread) / Math.sqrt(n), `${got} for ${wanted}`);

test('uniform numbers are the GPU’s, bit for bit; normal ones but for rounding', async () => {
  const [seed, step, stream] = [42, 4e9, 7];
  const random = new Random(seed, { step, stream });
  const [u, z] = device.scope(() => {
    const state = tensor(device, [seed, step], [2], { dtype: 'u32' });
    return [randomUniform, randomNormal].map((op) => op(device, [33], { seed: state, stream }));
  });
  assert.equal(
    Array.from(await u.read()),
    Array.from({ length: 33 }, (_, i) => random.uniform(i)),
  );
  (await z.read()).forEach((x, i) => assert.ok(Math.abs(x - random.normal(i)) < 1e-5, `${i}: ${x}`));
  u.dispose();
  z.dispose();
});

test('keys and seeds keep streams apart', () => {
  const first = [Random.of(1, 'a'), Random.of(1, 'b'), Random.of(2, 'a')].map((r) => r.bits(0).join());
  assert.is(new Set(first).size, 3);
  assert.equal(Random.of(1, 'a').bits(9), Random.of(1, 'a').bits(9));
});

test('doubles have more bits than an f32, and the moments of a uniform distribution', () => {
  const values = Array.from({ length: n }, (_, i) => Random.of(3, 'd').double(i));
  assert.ok(values.every((x) => x >= 0 && x < 1));
  assert.ok(values.filter((x) => Math.fround(x) !== x).length > 0.9 * n);
  close(values.reduce((a, b) => a + b, 0) / n, 1 / 2, 12 ** -0.5);
  close(values.reduce((sum, x) => sum + x * x, 0) / n, 1 / 3, (4 / 45) ** 0.5);
});

test('a permutation holds each number once, and each place gets each number about as often', () => {
  const counts = new Float64Array(5);
  for (let k = 0; k < 2000; k++) {
    const order = Random.of(k, 'p').permutation(5);
    assert.equal(Array.from(Uint32Array.from(order).sort()), [0, 1, 2, 3, 4]);
    counts[order[0]]++;
  }
  // Binomial: mean 400, deviation 17.9.
  assert.ok(
    counts.every((c) => Math.abs(c - 400) < 90),
    counts.join(),
  );
});

test('bounds and moments', () => {
  const u = drawn(init.uniform({ low: -1, high: 3 }));
  assert.ok(u.every((x) => x >= -1 && x < 3));
  close(mean(u), 1, 4 / Math.sqrt(12));
  close(deviation(u), 4 / Math.sqrt(12), 4 / Math.sqrt(12));
  const z = drawn(init.normal({ mean: 2, std: 0.5 }));
  close(mean(z), 2, 0.5);
  close(deviation(z), 0.5, 0.5);
  const t = drawn(init.truncatedNormal({ std: 1, low: -1, high: 1 }));
  assert.ok(t.every((x) => x >= -1 && x <= 1));
  // σ² of a normal cut at ±1: 1 − 2φ(1)/(2Φ(1) − 1) = 0.291125.
  close(deviation(t), Math.sqrt(0.291125), 0.54);
  assert.throws(() => init.truncatedNormal({ low: 9, high: 10 }), /over four deviations/);
});

test('Kaiming, Xavier and PyTorch’s default bounds', () => {
  const largest = (fill: Init): number => drawn(fill).reduce((m, x) => Math.max(m, Math.abs(x)), 0);
  const bounds: [Init, number][] = [
    [init.kaimingUniform({ fan: 64 }), Math.sqrt(6 / 64)],
    [init.xavierUniform({ fanIn: 10, fanOut: 14 }), Math.sqrt(6 / 24)],
    [init.uniformByFanIn(64), 1 / 8],
  ];
  for (const [fill, bound] of bounds) {
    const most = largest(fill);
    assert.ok(most <= bound && most > 0.99 * bound, `${most} for ${bound}`);
  }
  close(deviation(drawn(init.kaimingNormal({ fan: 64 }))), Math.sqrt(2 / 64), 0.18);
  close(deviation(drawn(init.xavierNormal({ fanIn: 10, fanOut: 14, gain: 2 }))), 2 * Math.sqrt(2 / 24), 0.58);
  // torch.nn.init.calculate_gain
  assert.is(init.gainOf('tanh'), 5 / 3);
  assert.is(init.gainOf('relu'), Math.SQRT2);
  assert.ok(drawn(init.ones).every((x) => x === 1) && drawn(init.zeros).every((x) => x === 0));
});

test.run();
