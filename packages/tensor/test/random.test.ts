// Random numbers and dropout: what the distribution must be, and that masks follow (seed, step, stream).
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice } from '../src/node.ts';
import {
  compile,
  dropout,
  fill,
  grad,
  randomNormal,
  randomUniform,
  tensor,
  type Tensor,
} from '../src/index.ts';
import { randomBits } from '../src/kernel/random.ts';

const device = await openDevice();
const test = suite('random numbers');

test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const seedOf = (seed: number, step: number): Tensor => tensor(device, [seed, step], [2], { dtype: 'u32' });
const mean = (x: ArrayLike<number>, f: (v: number, i: number) => number): number => {
  let total = 0;
  for (let i = 0; i < x.length; i++) total += f(x[i], i);
  return total / x.length;
};
const n = 60_000;

test('uniform numbers fill their range evenly and are not correlated', () =>
  device.scope(async () => {
    const x = await randomUniform(device, [n], { seed: 1, low: -2, high: 4 }).read();
    assert.ok(x.every((v) => v >= -2 && v < 4));
    // Bounds are 5 standard errors.
    assert.ok(Math.abs(mean(x, (v) => v) - 1) < (5 * 6) / Math.sqrt(12 * n));
    const counts = Array.from({ length: 12 }, () => 0);
    for (const v of x) counts[Math.floor((v + 2) * 2)]++;
    for (const c of counts) assert.ok(Math.abs(c - n / 12) < 5 * Math.sqrt(n / 12), `bins ${counts.join()}`);
    for (const lag of [1, 2, 64]) {
      const r = mean(x.subarray(lag), (v, i) => (v - 1) * (x[i] - 1)) / 3;
      assert.ok(Math.abs(r) < 5 / Math.sqrt(n), `correlation ${r} at lag ${lag}`);
    }
  }));

test('normal numbers have the moments of their distribution', () =>
  device.scope(async () => {
    const x = await randomNormal(device, [n], { seed: 2, mean: 3, std: 0.5 }).read();
    const z = (v: number): number => (v - 3) / 0.5;
    const near = (value: number, wanted: number, error: number): void =>
      assert.ok(Math.abs(value - wanted) < (5 * error) / Math.sqrt(n), `${value} instead of ${wanted}`);
    near(
      mean(x, (v) => z(v)),
      0,
      1,
    );
    near(
      mean(x, (v) => z(v) ** 2),
      1,
      Math.sqrt(2),
    );
    near(
      mean(x, (v) => z(v) ** 3),
      0,
      Math.sqrt(15),
    );
    near(
      mean(x, (v) => z(v) ** 4),
      3,
      Math.sqrt(96),
    );
  }));

test('seed, step and stream each change the numbers; the same three repeat them', () =>
  device.scope(async () => {
    const drawn = async (seed: number, step: number, stream: number): Promise<string> =>
      (await randomUniform(device, [9], { seed: seedOf(seed, step), stream }).read()).join();
    const first = await drawn(7, 1, 0);
    assert.is(await drawn(7, 1, 0), first);
    const others = [await drawn(8, 1, 0), await drawn(7, 2, 0), await drawn(7, 1, 1), await drawn(1, 7, 0)];
    assert.is(new Set([first, ...others]).size, 5);
    assert.is(new Set(Array.from({ length: 1000 }, (_, i) => randomBits([7, 1], 0, i).join())).size, 1000);
  }));

test('dropout keeps 1 − p, scales, and uses one mask forward and backward', () =>
  device.scope(async () => {
    const x = fill(device, [n], 2).trainable();
    const y = dropout(x, { p: 0.25, seed: seedOf(3, 0) });
    const values = await y.read();
    const kept = mean(values, (v) => (v === 0 ? 0 : 1));
    assert.ok(Math.abs(kept - 0.75) < 5 * Math.sqrt((0.75 * 0.25) / n), `kept ${kept}`);
    const scaled = Math.fround(2 * Math.fround(1 / 0.75));
    assert.ok(values.every((v) => v === 0 || v === scaled));
    const [g] = grad(y.sum(), [x]);
    assert.equal(
      [...(await g.read())],
      Array.from(values, (v) => v / 2),
    );
    assert.is(dropout(x, { p: 0, seed: seedOf(3, 0) }), x);
    assert.throws(() => dropout(x, { p: 1.5, seed: seedOf(3, 0) }), /dropout: p is 1.5/);
    assert.throws(() => dropout(x, { p: 0.5, seed: x }), /dropout: the seed is Tensor \[60000\] f32/);
  }));

test('a plan draws a new mask when its seed input changes, and only then', async () => {
  const plan = await compile(device, { seed: { shape: [2], dtype: 'u32' } }, ({ seed }) => ({
    y: dropout(fill(device, [64], 1), { p: 0.5, seed }),
  }));
  const mask = async (step?: number): Promise<string> =>
    (await plan.run(step === undefined ? undefined : { seed: [9, step] }).y.read()).join();
  const first = await mask(1);
  assert.is(await mask(), first);
  assert.is.not(await mask(2), first);
  assert.is(await mask(1), first);
  plan.dispose();
});

test.run();
