// Reductions, order and norms against PyTorch's values: NaN and infinities, long sums, whole numbers, empty tensors.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  batchNorm,
  compile,
  crossEntropy,
  grad,
  layerNorm,
  rmsNorm,
  linear,
  matmul,
  openDevice,
  ShapeError,
  softmax,
  tensor,
  TensorError,
  topK,
  type DType,
  type Tensor,
} from '../src/node.ts';

const device = await openDevice();
const test = suite('reductions');
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const of = (
  values: readonly number[],
  shape: readonly number[] = [values.length],
  dtype: DType = 'f32',
): Tensor => tensor(device, values, shape, { dtype });
const read = async (t: Tensor): Promise<number[]> => [...(await t.read())];
const near = (actual: readonly number[], wanted: readonly number[], tolerance = 1e-6): void => {
  assert.is(actual.length, wanted.length);
  actual.forEach((v, i) =>
    assert.ok(
      Object.is(v, wanted[i]) || Math.abs(v - wanted[i]) <= tolerance * Math.max(1, Math.abs(wanted[i])),
      `at ${i}: ${v}, wanted ${wanted[i]}`,
    ),
  );
};
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const mask = -3.4028234663852886e38;

// Eight long rows fill the vectors and lanes of every form of the kernels.
const long = (values: readonly number[], filler: number): Tensor => {
  const row = new Array<number>(68).fill(filler);
  values.forEach((v, i) => (row[i * 9 + 5] = v));
  return of(row);
};

test('NaN and infinities in reductions, as in PyTorch (E1, E13)', () =>
  device.scope(async () => {
    const rows: [name: string, result: Tensor, wanted: number[]][] = [
      ['max', of([1, nan, 3]).max(), [nan]],
      ['max of a long row', long([nan], 3).max(), [nan]],
      ['max of −∞', of([-inf, -inf]).max(), [-inf]],
      ['max of columns', of([1, nan, -inf, inf, 3, -inf], [2, 3]).max(0), [inf, nan, -inf]],
      ['min', of([1, nan, 3]).min(), [nan]],
      ['min of +∞', of([inf, inf]).min(), [inf]],
      ['min of a long row', long([-inf, nan], 3).min(), [nan]],
      ['max of the mask', of([mask, mask]).max(), [mask]],
      ['sum', of([1, nan, 3]).sum(), [nan]],
      ['sum of both infinities', of([inf, -inf]).sum(), [nan]],
      ['mean', of([1, inf, 3]).mean(), [inf]],
      ['prod', of([0, inf]).prod(), [nan]],
      ['var', of([1, inf, 3]).var(), [nan]],
      ['var of one', of([5]).var(), [nan]],
      ['norm', of([3, nan]).norm(), [nan]],
      ['norm ∞', of([-inf, 1]).norm({ p: inf }), [inf]],
      ['norm ∞ of NaN', of([nan, 1]).norm({ p: inf }), [nan]],
      ['logSumExp of −∞', of([-inf, -inf]).logSumExp(), [-inf]],
      ['logSumExp of +∞', of([inf, 1]).logSumExp(), [inf]],
      ['logSumExp of NaN', of([nan, -inf]).logSumExp(), [nan]],
      ['logSumExp of both', of([nan, inf]).logSumExp(), [nan]],
      ['logSumExp', of([1000, 1000, -inf]).logSumExp(), [1000 + Math.log(2)]],
      ['any of NaN', of([0, nan]).any(), [1]],
      ['any of −0', of([0, -0]).any(), [0]],
      ['all', of([nan, 1, 0]).all(), [0]],
      ['argmax', of([1, nan, 3, nan]).argmax(), [1]],
      ['argmin', of([1, nan, 3, nan]).argmin(), [1]],
      ['argmax of −∞', of([-inf, -inf]).argmax(), [0]],
      ['argmax of zeros', of([-0, 0]).argmax(), [0]],
      ['argmin of +∞', of([inf, inf, inf]).argmin(), [0]],
      ['median', of([3, nan, 1]).median()[0], [nan]],
      ['median of four', of([4, 1, 3, 2]).median()[0], [2]],
    ];
    for (const [name, result, wanted] of rows) {
      try {
        near(await read(result), wanted);
      } catch (error) {
        throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
      }
    }
  }));

test('softmax, logSoftmax and the losses over rows with NaN, infinities and masks', () =>
  device.scope(async () => {
    near(await read(softmax(of([nan, 1, 2]))), [nan, nan, nan]);
    near(await read(long([nan], 1).softmax()), new Array<number>(68).fill(nan));
    near(await read(softmax(of([mask, mask, mask]))), [1 / 3, 1 / 3, 1 / 3]);
    near(await read(softmax(of([mask, 0, 0]))), [0, 0.5, 0.5]);
    near(await read(softmax(of([-inf, 0, 0]))), [0, 0.5, 0.5]);
    near(await read(softmax(of([-inf, -inf]))), [nan, nan]);
    near(await read(softmax(of([inf, 1]))), [nan, nan]);
    near(await read(of([nan, 1]).logSoftmax()), [nan, nan]);
    near(await read(of([-inf, 0]).logSoftmax()), [-inf, 0]);
    near(await read(of([-inf, -inf]).logSoftmax()), [nan, nan]);
    near(await read(softmax(of([0, 1, 0, 1], [2, 2]), 0)), [0.5, 0.5, 0.5, 0.5]);
    near(await read(of([1, 2], [2]).softmin()), await read(of([-1, -2], [2]).softmax()));
    near(await read(crossEntropy(of([nan, 1, 2], [1, 3]), of([2], [1], 'u32'))), [nan]);
  }));

test('norms of rows with NaN are NaN, and of the others not', () =>
  device.scope(async () => {
    const x = of([nan, 1, 2, 3, -1, 1, -1, 1], [2, 4]);
    near((await read(layerNorm(x))).slice(0, 4), [nan, nan, nan, nan]);
    near((await read(layerNorm(x))).slice(4), [-1, 1, -1, 1], 1e-4);
    near((await read(rmsNorm(x))).slice(0, 4), [nan, nan, nan, nan]);
    near((await read(x.l2Normalize())).slice(0, 4), [nan, nan, nan, nan]);
    near((await read(x.l2Normalize())).slice(4), [-0.5, 0.5, -0.5, 0.5]);
  }));

test('topK and sort put NaN on top and find infinities (E2)', () =>
  device.scope(async () => {
    const check = async (pair: [Tensor, Tensor], values: number[], indices: number[]): Promise<void> => {
      near(await read(pair[0]), values);
      assert.equal(await read(pair[1]), indices);
    };
    await check(topK(of([-inf, -5, -inf], [1, 3]), 2), [-5, -inf], [1, 0]);
    await check(topK(of([inf, 1, inf, nan]), 3), [nan, inf, inf], [3, 0, 2]);
    await check(topK(of([nan, 1, -inf, nan]), 3, { largest: false }), [-inf, 1, nan], [2, 1, 0]);
    await check(topK(of([1, 5, 4, 2, 3, 9], [3, 2]), 2, { axis: 0 }), [4, 9, 3, 5], [1, 2, 2, 0]);
    await check(of([2, nan, -inf, inf, 2]).sort(), [-inf, 2, 2, inf, nan], [2, 0, 4, 3, 1]);
    await check(
      of([2, nan, -inf, inf, 2]).sort({ descending: true }),
      [nan, inf, 2, 2, -inf],
      [1, 3, 0, 4, 2],
    );
    assert.equal(await read(of([-0, 0, -0]).argsort()), [0, 1, 2]);
  }));

test('a long column, a long row and all elements are summed as exactly as PyTorch does (E11)', async () => {
  const [R, C] = [200_000, 32];
  await device.scope(async () => {
    const x = of([0.1], [1, 1])
      .mul(of(new Array<number>(C).fill(1)))
      .mul(of(new Array<number>(R).fill(1), [R, 1]));
    const exact = R * Math.fround(0.1);
    const worst = async (sums: Tensor, wanted: number): Promise<number> =>
      Math.max(...(await read(sums)).map((v) => Math.abs(v / wanted - 1)));
    assert.ok((await worst(x.sum(0), exact)) < 1e-6, `columns: ${await worst(x.sum(0), exact)}`);
    assert.ok((await worst(x.reshape([C, R]).sum(1), exact)) < 1e-6);
    assert.ok((await worst(x.sum(), exact * C)) < 1e-6);
    // The gradient of a bias goes the same way.
    const b = of(new Array<number>(C).fill(0)).trainable();
    const y = linear(of(new Array<number>(R).fill(0), [R, 1]), of(new Array<number>(C).fill(0), [C, 1]), b);
    const [g] = grad(y, [b], { seed: x });
    assert.ok((await worst(g, exact)) < 1e-6, `bias: ${await worst(g, exact)}`);
    assert.equal(await read(x.sum(0)), await read(x.sum(0)));
  });
});

test('whole numbers are reduced exactly (E17)', () =>
  device.scope(async () => {
    const big = 2 ** 24;
    assert.equal(await read(of([big + 1, 2, -7], [3], 'i32').sum()), [big - 4]);
    assert.equal(await read(of([big + 1, big + 3], [2, 1], 'u32').sum(0)), [2 * big + 4]);
    assert.equal(await read(of([big + 1, -big - 3], [2], 'i32').max()), [big + 1]);
    assert.equal(await read(of([big + 1, -big - 3, -big - 1], [3], 'i32').min()), [-big - 3]);
    assert.equal(await read(of([4097, 4099], [2], 'u32').prod()), [4097 * 4099]);
    assert.equal(await read(of([big + 1, 1, 1], [3], 'i32').cumsum(0)), [big + 1, big + 2, big + 3]);
    assert.equal(await read(of([big + 1, big + 2, big], [3], 'i32').argmax()), [1]);
    assert.equal(await read(of([4_294_967_295, 4_000_000_000, 7], [3], 'u32').sort()[1]), [2, 1, 0]);
    assert.throws(() => of([1, 2], [2], 'i32').mean(), /mean: x is i32, but floats/);
  }));

test('axes: a number, a list, options, and what is refused (E15)', () =>
  device.scope(async () => {
    const x = of(
      Array.from({ length: 24 }, (_, i) => i),
      [2, 3, 4],
    );
    assert.equal(await read(x.sum(1)), [12, 15, 18, 21, 48, 51, 54, 57]);
    assert.equal(await read(x.sum([0, 2])), [60, 92, 124]);
    const kept = x.sum([-1, 0], { keepDim: true });
    assert.equal([...kept.shape], [1, 3, 1]);
    assert.equal(await read(kept), [60, 92, 124]);
    assert.equal([...x.sum({ axis: 1, keepDim: true }).shape], [2, 1, 4]);
    assert.equal(await read(x.mean(-1)), [1.5, 5.5, 9.5, 13.5, 17.5, 21.5]);
    assert.equal(await read(x.var(0, { correction: 0 })), new Array<number>(12).fill(36));
    assert.equal(await read(x.argmax()), [23]);
    assert.equal(await read(x.argmin(1)), new Array<number>(8).fill(0));
    assert.throws(
      () => x.sum(3),
      (e: Error) => e instanceof ShapeError && /sum: axis 3 is outside/.test(e.message),
    );
    assert.throws(() => x.sum([0, -3]), /sum: the axes \[0,-3\] name one axis twice/);
    assert.throws(() => x.sum(0.5), /sum: axis is 0.5/);
    assert.throws(
      () => x.sum({ dim: 1 } as object),
      (e: Error) =>
        e instanceof TensorError && /sum: there is no option 'dim'; there are axis, keepDim/.test(e.message),
    );
    assert.throws(() => x.sum(1, true as unknown as object), /sum: the options argument is true/);
    assert.throws(() => x.sum(1, { axis: 1 }), /sum: the axis is given twice/);
    assert.throws(() => of([], [0]).max(), /max: nothing to reduce/);
  }));

test('ties of max and min share the gradient evenly, as in PyTorch', () =>
  device.scope(async () => {
    const x = of([1, 3, 3, 0, 2, 2], [2, 3]).trainable();
    assert.equal(await read(grad(x.max(1).sum(), [x])[0]), [0, 0.5, 0.5, 0, 0.5, 0.5]);
    assert.equal(await read(grad(x.min(), [x])[0]), [0, 0, 0, 1, 0, 0]);
    assert.equal(await read(grad(x.norm({ p: inf }), [x])[0]), [0, 0.5, 0.5, 0, 0, 0]);
  }));

test('sort and cumsum of lengths that are no power of two', () =>
  device.scope(async () => {
    const n = 5003;
    const values = Array.from({ length: n }, (_, i) => (i * 7919) % n);
    const [sorted, places] = of(values).sort();
    assert.equal(
      await read(sorted),
      values.toSorted((a, b) => a - b),
    );
    assert.ok((await read(places)).every((place, i) => values[place] === i));
    const sums = await read(of(values, [n], 'u32').cumsum(0));
    let running = 0;
    assert.ok(values.every((v, i) => (running += v) === sums[i]));
    // Two levels of pieces.
    assert.is((await read(of(new Array<number>(70_000).fill(1)).cumsum(0)))[69_999], 70_000);
  }));

test('batchNorm moves the running statistics as PyTorch does, in plans too', async () => {
  const runningMean = tensor(device, [0, 1], [2], { persistent: true });
  const runningVar = tensor(device, [1, 2], [2], { persistent: true });
  const values = [1, 10, 2, 20, 3, 30, 6, 60];
  // Means 3 and 30, variances over 4: 3.5 and 350, over 3: 14/3 and 1400/3.
  const wanted = [0.3, 3.9, 0.9 + 1.4 / 3, 1.8 + 140 / 3];
  await device.scope(async () => {
    const x = of(values, [4, 2]);
    const y = await read(batchNorm(x, undefined, undefined, { runningMean, runningVar, training: true }));
    near(y.slice(0, 2), [-2 / Math.sqrt(3.5 + 1e-5), -20 / Math.sqrt(350 + 1e-5)]);
    near([...(await read(runningMean)), ...(await read(runningVar))], wanted);
    const still = await read(batchNorm(x, undefined, undefined, { runningMean, runningVar }));
    near(still.slice(0, 2), [
      (1 - wanted[0]) / Math.sqrt(wanted[2] + 1e-5),
      (10 - wanted[1]) / Math.sqrt(wanted[3] + 1e-5),
    ]);
    assert.throws(() => batchNorm(x), /batchNorm: runningMean and runningVar are needed/);
    assert.throws(
      () => batchNorm(of([1, 2], [1, 2]), undefined, undefined, { training: true }),
      /one value a channel/,
    );
  });
  runningMean.write([0, 1]);
  runningVar.write([1, 2]);
  const plan = await compile(device, { x: { shape: [4, 2] } }, ({ x }) => ({
    y: batchNorm(x, undefined, undefined, { runningMean, runningVar, training: true }),
  }));
  plan.run({ x: values });
  near([...(await read(runningMean)), ...(await read(runningVar))], wanted);
  plan.dispose();
  runningMean.dispose();
  runningVar.dispose();
});

test('products and sums over nothing (E8)', async () => {
  await device.scope(async () => {
    const b = of([1, 2, 3, 4, 5]).trainable();
    const [x, w] = [of([], [3, 0]).trainable(), of([], [5, 0]).trainable()];
    const y = linear(x, w, b);
    assert.equal(await read(y), [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
    const [dx, dw, db] = grad(y.sum(), [x, w, b]);
    assert.equal(
      [[...dx.shape], [...dw.shape]],
      [
        [3, 0],
        [5, 0],
      ],
    );
    assert.equal(await read(db), [3, 3, 3, 3, 3]);
    const a = of(new Array<number>(204).fill(1), [1, 17, 12]).trainable();
    const none = of([], [12, 0]).trainable();
    const grads = grad(matmul(a, none).sum(), [a, none]);
    assert.equal(await read(grads[0]), new Array<number>(204).fill(0));
    assert.equal([...grads[1].shape], [12, 0]);
    near(await read(of([], [0]).mean()), [nan]);
    assert.equal(await read(of([], [2, 0]).prod(1)), [1, 1]);
    assert.equal(await read(of([], [0]).all()), [1]);
  });
  const plan = await compile(device, { x: { shape: [0, 3] } }, ({ x }) => {
    const y = x.mul(2);
    return { sum: y.sum(), columns: y.sum(0), lse: y.logSumExp(0), sorted: y.sort()[0], norm: y.layerNorm() };
  });
  const { sum, columns, lse, sorted } = plan.run({ x: [] });
  assert.equal([await read(sum), await read(columns), await read(sorted)], [[0], [0, 0, 0], []]);
  near(await read(lse), [-inf, -inf, -inf]);
  plan.dispose();
});

test.run();
