// Tensors made from numbers, rules and chance: what is refused, and that draws differ where they should.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  arange,
  compile,
  dropout,
  eye,
  fill,
  full,
  linspace,
  manualSeed,
  multinomial,
  ones,
  onesLike,
  openDevice,
  rand,
  randint,
  randn,
  randomNormal,
  randomUniform,
  randperm,
  ShapeError,
  tensor,
  TensorError,
  zeros,
  zerosLike,
  type DType,
  type Tensor,
} from '../src/node.ts';
import { refusesOn } from './refuses.ts';

const device = await openDevice();
const test = suite('creation');
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const read = async (x: Tensor): Promise<number[]> => [...(await x.read())];

const refuses = refusesOn(device);

test('fill takes NaN and infinities, rounds as typed arrays do, and refuses integers out of range', () =>
  device.scope(async () => {
    const filled = async (value: number, dtype: DType = 'f32'): Promise<number[]> =>
      await read(fill(device, [3], value, { dtype }));
    assert.equal(await filled(-Infinity), [-Infinity, -Infinity, -Infinity]);
    assert.equal(await filled(NaN), [NaN, NaN, NaN]);
    assert.equal(await filled(1e39), [Infinity, Infinity, Infinity]);
    assert.ok((await filled(-0)).every((v) => Object.is(v, -0)));
    if (device.adapter.f16) assert.equal(await filled(1e5, 'f16'), [Infinity, Infinity, Infinity]);
    assert.equal(await filled(4294967295, 'u32'), [4294967295, 4294967295, 4294967295]);
    assert.equal(await filled(-2147483648, 'i32'), [-2147483648, -2147483648, -2147483648]);
    refuses(() => fill(device, [2], 3e9, { dtype: 'i32' }), TensorError, /fill: value is 3000000000.*i32/);
    refuses(
      () => fill(device, [2], -1, { dtype: 'u32' }),
      TensorError,
      /fill: value is -1.*from 0 to 4294967295/,
    );
    refuses(() => fill(device, [2], NaN, { dtype: 'u32' }), TensorError, /fill: value is NaN/);
    refuses(() => fill(device, [-1], 0), ShapeError, /\[-1\]/);
    // Nothing is left over for an unrelated read.
    assert.equal(await read(tensor(device, [1, 2])), [1, 2]);
  }));

test('zeros, ones, full, arange, linspace and eye', () =>
  device.scope(async () => {
    assert.equal(await read(zeros(device, [2])), [0, 0]);
    assert.equal(await read(ones(device, [2], { dtype: 'u32' })), [1, 1]);
    assert.equal(await read(full(device, [2], 7)), [7, 7]);
    const x = fill(device, [2, 1], 3, { dtype: 'i32' });
    assert.is(zerosLike(x).dtype, 'i32');
    assert.equal([...onesLike(x).shape], [2, 1]);
    assert.equal(await read(arange(device, 4)), [0, 1, 2, 3]);
    assert.equal(await read(arange(device, 5, 1, -2, { dtype: 'u32' })), [5, 3]);
    assert.equal(await read(arange(device, 1, 2, 0.25)), [1, 1.25, 1.5, 1.75]);
    assert.equal(await read(linspace(device, 0, 1, 5)), [0, 0.25, 0.5, 0.75, 1]);
    assert.equal(await read(linspace(device, 2, 3, 1)), [2]);
    assert.equal(await read(eye(device, 2, { columns: 3, dtype: 'i32' })), [1, 0, 0, 0, 1, 0]);
    refuses(() => arange(device, 0, 5, -1), TensorError, /steps of -1 do not lead from 0 to 5/);
    refuses(() => arange(device, 0, 5, 0), TensorError, /steps of 0/);
    refuses(() => arange(device, 0, 1, 0.5, { dtype: 'i32' }), TensorError, /step is 0.5/);
    refuses(() => arange(device, -1, 2, { dtype: 'u32' }), TensorError, /-1 is no u32/);
    refuses(() => arange(device, NaN), TensorError, /end is NaN/);
  }));

test('tensor takes nested lists, and refuses what an integer type would wrap', () =>
  device.scope(async () => {
    const x = tensor(device, [
      [1, 2, 3],
      [4, 5, 6],
    ]);
    assert.equal([...x.shape], [2, 3]);
    assert.equal(await read(x), [1, 2, 3, 4, 5, 6]);
    assert.equal([...tensor(device, 5).shape], []);
    assert.equal([...tensor(device, [[], []]).shape], [2, 0]);
    assert.equal([...tensor(device, new Float32Array(4)).shape], [4]);
    const y = tensor(device, [1, 2], { dtype: 'i32' });
    assert.is(y.dtype, 'i32');
    refuses(() => tensor(device, [[1, 2], [3]]), ShapeError, /unequal lengths/);
    refuses(() => tensor(device, [[1], 2]), ShapeError, /unequal lengths/);
    refuses(() => tensor(device, ['1'] as never), ShapeError, /other than numbers/);
    for (const [values, dtype] of [
      [[3e9], 'i32'],
      [[0, -1], 'u32'],
      [Float64Array.of(NaN), 'i32'],
      [Int32Array.of(-5), 'u32'],
      [Float32Array.of(Infinity), 'u32'],
    ] as const)
      refuses(() => tensor(device, values, [values.length], { dtype }), TensorError, /which is no [iu]32/);
    refuses(() => tensor(device, [1], { dtype: 'f64' as never }), TensorError, /no dtype f64/);
    assert.equal(await read(tensor(device, [1.7, -1.7], { dtype: 'i32' })), [1, -1]);
  }));

test('seeds that are no whole numbers below 2³² are refused', () => {
  for (const seed of [0.5, 2 ** 32, NaN, -1, '7' as never])
    for (const draw of [randomUniform, randomNormal, rand, randn])
      refuses(() => draw(device, [2], { seed }), TensorError, /seed is .*a whole number of at least 0/);
  refuses(() => manualSeed(device, 1.5), TensorError, /manualSeed: seed is 1.5/);
  refuses(() => randomUniform(device, [2], { low: 2, high: 1 }), TensorError, /high is 1/);
  refuses(() => randomNormal(device, [2], { std: -1 }), TensorError, /std is -1/);
});

test('uniform numbers never reach the upper end', () =>
  device.scope(async () => {
    const x = await randomUniform(device, [2 ** 20], { seed: 1, low: 100, high: 101 }).read();
    assert.ok(x.every((v) => v >= 100 && v < 101));
    if (!device.adapter.f16) return;
    const halves = await randomUniform(device, [2 ** 14], { seed: 1, dtype: 'f16', low: -1, high: 0 }).read();
    assert.ok(halves.every((v) => v >= -1 && v < 0));
  }));

test('draws without a seed go on, and begin anew with manualSeed', () =>
  device.scope(async () => {
    manualSeed(device, 3);
    const first = await read(randn(device, [4]));
    const second = await read(randn(device, [4]));
    assert.not.equal(first, second);
    manualSeed(device, 3);
    assert.equal(await read(randn(device, [4])), first);
    assert.not.equal(
      await read(dropout(ones(device, [64]), { p: 0.5 })),
      await read(dropout(ones(device, [64]), { p: 0.5 })),
    );
  }));

test('a plan draws anew on each replay without a seed, and never with one', async () => {
  manualSeed(device, 5);
  const plan = await compile(device, {}, () => ({
    free: rand(device, [4]),
    fixed: rand(device, [4], { seed: 1 }),
  }));
  const draw = async (): Promise<{ free: number[]; fixed: number[] }> => {
    const { free, fixed } = plan.run();
    return { free: await read(free), fixed: await read(fixed) };
  };
  const [a, b] = [await draw(), await draw()];
  assert.not.equal(a.free, b.free);
  assert.equal(a.fixed, b.fixed);
  manualSeed(device, 5);
  assert.equal((await draw()).free, a.free);
  plan.dispose();
  await device.scope(async () => void (await read(rand(device, [2]))));
  let refused = '';
  try {
    await compile(device, {}, () => {
      manualSeed(device, 1);
      return { x: rand(device, [2]) };
    });
  } catch (error) {
    refused = String(error);
  }
  assert.match(refused, /manualSeed: a plan is being traced/);
});

test('randint and randperm', () =>
  device.scope(async () => {
    const digits = await randint(device, -2, 3, [2000], { seed: 4 }).read();
    for (let d = -2; d < 3; d++) {
      const count = digits.filter((v) => v === d).length;
      assert.ok(Math.abs(count - 400) < 5 * Math.sqrt(400), `${count} of ${d}`);
    }
    const order = await randperm(device, 300, { seed: 2 }).read();
    assert.equal(
      [...order].toSorted((a, b) => a - b),
      Array.from({ length: 300 }, (_, i) => i),
    );
    assert.ok(order.filter((v, i) => v === i).length < 10);
    assert.is(randperm(device, 0).size, 0);
    refuses(() => randint(device, 3, 3, [1]), TensorError, /high is 3/);
    refuses(() => randint(device, 0, 2 ** 40, [1]), TensorError, /high is/);
  }));

test('multinomial draws by weight, and different entries without replacement', () =>
  device.scope(async () => {
    const weights = tensor(device, [
      [0, 1, 3, 0],
      [0, 0, 0, 0],
    ]);
    const drawn = await multinomial(weights, 2000, { replacement: true, seed: 1 }).read();
    const counts = [0, 1, 2, 3].map((k) => drawn.subarray(0, 2000).filter((v) => v === k).length);
    assert.equal([counts[0], counts[3]], [0, 0]);
    assert.ok(Math.abs(counts[1] - 500) < 5 * Math.sqrt(375), `${counts[1]} of 500`);
    assert.ok(drawn.subarray(2000).every((v) => v === 4));
    let first = 0;
    for (let seed = 0; seed < 200; seed++) {
      const pair = await multinomial(weights.narrow(0, 0, 1), 2, { seed }).read();
      assert.equal(
        [...pair].toSorted((a, b) => a - b),
        [1, 2],
      );
      first += Number(pair[0] === 2);
    }
    assert.ok(Math.abs(first - 150) < 5 * Math.sqrt(37.5), `${first} of 150`);
    refuses(() => multinomial(weights, 5), ShapeError, /5 different entries/);
  }));

test.run();
