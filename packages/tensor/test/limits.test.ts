// Tensors over the binding limit, grids over 65 535 workgroups, and tensors without elements.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice } from '../src/node.ts';
import {
  argmax,
  attention,
  avgPool2d,
  concat,
  conv2d,
  copyInto,
  dropout,
  embedding,
  fill,
  grad,
  layerNorm,
  linear,
  LimitError,
  matmul,
  maxPool2d,
  mlp,
  noGrad,
  patchEmbed,
  randomNormal,
  slice,
  tensor,
  topK,
  transpose,
  writeRows,
  type Device,
  type DType,
  type Tensor,
} from '../src/index.ts';
import { deviation, uniform, valuesOf } from './op-check.ts';

const bindingLimit = 16384;
const free = await openDevice();
const tight = await openDevice({ bindingLimit });

const test = suite('limits');

test.after.each(failOnGpuErrors(free));
test.after.each(failOnGpuErrors(tight));
test.after(() => {
  free.close();
  tight.close();
});

type Make = (shape: readonly number[], options?: { dtype?: DType; range?: [number, number] }) => Tensor;
type Work = (make: Make, device: Device) => Tensor[];

async function resultsOf(device: Device, work: Work): Promise<ArrayLike<number>[]> {
  const draw = uniform(7);
  const make: Make = (shape, { dtype = 'f32', range } = {}) =>
    tensor(device, valuesOf({ shape, range, dtype: dtype === 'f16' ? 'f32' : dtype }, draw, false), shape, {
      dtype,
    });
  return await device.scope(async () => await Promise.all(work(make, device).map((t) => t.read())));
}

/** The same work with and without the limit; sums may be taken in another order, so not bit by bit. */
async function same(work: Work, tolerance = 2e-6): Promise<void> {
  const wanted = await resultsOf(free, work);
  const actual = await resultsOf(tight, work);
  wanted.forEach((values, k) => {
    assert.is(actual[k].length, values.length);
    const { worst, at } = deviation(actual[k], values);
    assert.ok(worst <= tolerance, `result ${k} at ${at}: ${actual[k][at]} instead of ${values[at]}`);
  });
}

/** Results and the gradients of all trainable tensors. */
const withGrads = (result: Tensor, leaves: Tensor[]): Tensor[] => [
  result,
  ...grad(result.square().sum(), leaves),
];

test('elementwise', () =>
  same((make) => {
    const x = make([9001]);
    const y = make([9001]);
    return [x.add(y), x.mul(y), x.mul(x), x.relu(), x.mul(3).sub(1), ...withGrads(x.trainable().gelu(), [x])];
  }));

test('broadcast', () =>
  same((make) => {
    const x = make([301, 29]).trainable();
    const row = make([29]).trainable();
    const column = make([301, 1]).trainable();
    const scalar = make([]).trainable();
    return [
      ...withGrads(x.add(row), [x, row]),
      ...withGrads(x.mul(column), [x, column]),
      ...withGrads(row.mul(column), [row, column]),
      ...withGrads(scalar.sub(x), [x, scalar]),
    ];
  }));

test('copy, cast, fill, random numbers, dropout', () =>
  same((make, device) => {
    const x = make([9002]).trainable();
    const seed = tensor(device, [5, 1], [2], { dtype: 'u32' });
    const whole = make([9002], { range: [-9, 9], dtype: 'i32' });
    return [
      copyInto(x, make([9002])),
      whole.cast('f32'),
      fill(device, [9002], 2.5),
      randomNormal(device, [9002], { seed, stream: 3 }),
      ...withGrads(dropout(x, { p: 0.4, seed }), [x]),
      ...(device.adapter.f16 ? [x.cast('f16'), x.cast('f16').add(make([9002], { dtype: 'f16' }))] : []),
    ];
  }));

// Each is larger than the limit in the operand its name says. Software adapters take seconds to compile a
// product, so most sizes make equal windows and each way of reading A and B is tried once for odd sizes.
const software = 'software' as const;
const gpu = 'gpu' as const;
const products: [
  name: string,
  adapter: 'software' | 'gpu',
  transA: boolean,
  transB: boolean,
  a: number[],
  b: number[],
][] = [
  ['NN, A', software, false, false, [256, 32], [32, 8]],
  ['NN, B', software, false, false, [8, 256], [256, 32]],
  ['NN, C', software, false, false, [256, 8], [8, 32]],
  ['NT, A', software, false, true, [256, 32], [8, 32]],
  ['NT, B', software, false, true, [8, 64], [128, 64]],
  ['NT, C', software, false, true, [256, 8], [32, 8]],
  ['NT, odd', software, false, true, [13, 31], [301, 31]],
  ['TN, A', software, true, false, [256, 32], [256, 8]],
  ['TN, B', software, true, false, [256, 8], [256, 32]],
  ['TN, C', software, true, false, [8, 256], [8, 32]],
  ['TN, odd', software, true, false, [301, 31], [301, 3]],
  ['TT, A and B', software, true, true, [256, 32], [20, 256]],
  ['batched NN', software, false, false, [32, 9, 16], [32, 16, 8]],
  ['NT, all', gpu, false, true, [301, 31], [29, 31]],
  ['TT, A and B', gpu, true, true, [256, 32], [31, 256]],
];
for (const [name, adapter, transA, transB, a, b] of products) {
  test(`matmul ${name} over the limit, kernels of a ${adapter} adapter`, async () => {
    const { kind } = free.adapter;
    free.adapter.kind = adapter;
    tight.adapter.kind = adapter;
    try {
      await same((make) => [matmul(make(a), make(b), { transA, transB })]);
    } finally {
      free.adapter.kind = kind;
      tight.adapter.kind = kind;
    }
  });
}

for (const adapter of [software, gpu]) {
  test(`conv2d of more images than fit, kernels of a ${adapter} adapter against those of the own`, async () => {
    const { kind } = tight.adapter;
    tight.adapter.kind = adapter;
    try {
      await same((make) => {
        const x = make([12, 8, 8, 8]);
        return [
          conv2d(x, make([3, 3, 8, 20]), make([20]), { padding: 1, activation: 'relu' }),
          conv2d(x, make([3, 3, 8, 17]), make([17]), { padding: 1, stride: 2 }),
          conv2d(make([1, 3, 3, 8]), make([2, 2, 8, 68]), make([68]), { padding: 1, stride: 2 }),
        ];
      });
    } finally {
      tight.adapter.kind = kind;
    }
  });
}

test('gradients of convolutions of more images than fit', () =>
  same((make) => {
    const x = make([12, 8, 8, 8]).trainable();
    const [w, b, deep] = [[3, 3, 8, 20], [20], [3, 3, 1, 8]].map((shape) => make(shape).trainable());
    return [
      ...withGrads(conv2d(x, w, b, { padding: 1, activation: 'relu' }), [x, w, b]),
      ...withGrads(conv2d(x, deep, undefined, { groups: 8, stride: 2 }), [x, deep]),
    ];
  }, 1e-5));

test('pools', () =>
  same((make) => {
    const [x, odd] = [make([12, 8, 8, 8]).trainable(), make([9, 12, 12, 5]).trainable()];
    return [
      ...withGrads(avgPool2d(x, { kernelSize: 2 }), [x]),
      ...withGrads(avgPool2d(odd, { kernelSize: 3 }), [odd]),
      ...withGrads(maxPool2d(odd, { kernelSize: 3, stride: 2 }), [odd]),
    ];
  }));

test('linear with bias, activation and residual, forward and backward', () =>
  same((make) => {
    const x = make([128, 64]).trainable();
    const w = make([64, 64]).trainable();
    const b = make([64]).trainable();
    const residual = make([128, 64]).trainable();
    return withGrads(linear(x, w, b, { activation: 'relu', residual }), [x, w, b, residual]);
  }));

test('linear to a large vocabulary', () =>
  same((make) => {
    const x = make([6, 64]).trainable();
    const w = make([128, 64]).trainable();
    return withGrads(linear(x, w), [x, w]);
  }));

test('mlp, forward and backward', () =>
  same((make) => {
    const x = make([128, 64]).trainable();
    const w1 = make([64, 64]).trainable();
    const b1 = make([64]).trainable();
    const w2 = make([64, 64]).trainable();
    return withGrads(mlp(x, { w1, b1, w2 }, { activation: 'relu', layout: 'in-out' }), [x, w1, b1, w2]);
  }));

test('embedding: table, ids and gradient', () =>
  same((make) => {
    const table = make([300, 32]).trainable();
    const odd = make([700, 7]).trainable();
    const ids = make([5, 123], { dtype: 'u32', range: [0, 300] });
    return [...withGrads(embedding(table, ids), [table]), ...withGrads(embedding(odd, ids), [odd])];
  }));

test('layerNorm, forward and backward', () =>
  same((make) => {
    const x = make([256, 64]).trainable();
    const y = make([1501, 5]).trainable();
    const [gain, bias, gain5, bias5] = [[64], [64], [5], [5]].map((shape) => make(shape).trainable());
    return [
      ...withGrads(layerNorm(x, gain, bias), [x, gain, bias]),
      ...withGrads(layerNorm(y, gain5, bias5), [y, gain5, bias5]),
    ];
  }, 1e-5));

test('reductions', () =>
  same((make) => {
    const x = make([301, 29]).trainable();
    const fixed = x.detach();
    const wide = make([3, 9001]);
    const tall = make([9001, 3]);
    const thin = make([9001, 1]);
    return [
      ...withGrads(x.sum(), [x]),
      ...withGrads(x.mean({ axis: 0 }), [x]),
      ...withGrads(x.sum({ axis: 1 }), [x]),
      fixed.max(),
      fixed.max({ axis: 0 }),
      ...[wide, tall, thin].flatMap((t) => [
        t.sum({ axis: 0 }),
        t.sum({ axis: 1 }),
        t.mean(),
        t.max({ axis: 1 }),
      ]),
      make([2, 400, 30]).sum({ axis: 1 }),
      make([40, 20, 30]).mean({ axis: 1 }),
    ];
  }));

test('reductions are the same bit by bit', () =>
  same((make) => {
    const x = make([301, 29]);
    return [x.sum(), x.sum({ axis: 0 }), x.sum({ axis: 1 }), make([3, 9001]).sum({ axis: 1 })];
  }, 0));

// Kernels that know nothing of limits: what is over the limit is bound in pieces (kernel/segments.ts).
const inPieces: [name: string, work: (make: Make, device: Device) => Tensor][] = [
  ['attention', (make) => attention([make([1, 200, 96])], { heads: 2 })],
  ['transpose', (make) => transpose(make([200, 60]), [1, 0])],
  ['slice', (make) => slice(make([200, 60]), { axis: 1, end: 3 })],
  ['concat', (make) => concat([make([200, 30]), make([200, 30])], { axis: 1 })],
  ['patchEmbed', (make) => patchEmbed(make([1, 3, 64, 64]), make([4, 3, 8, 8]))],
  [
    'writeRows',
    (make, device) => writeRows(make([1, 200, 60]), make([1, 1, 60]), fill(device, [1], 0, { dtype: 'u32' })),
  ],
  ['matmul', (make) => matmul(make([2, 70, 70]), make([2, 70, 1]))],
  ['conv2d', (make) => conv2d(make([1, 40, 40, 4]), make([3, 3, 4, 4]))],
  ['layerNorm', (make) => layerNorm(make([1, 5000]), make([5000]), make([5000]))],
  ['topK', (make) => topK(make([2, 5000]), 3)[0]],
  ['argmax', (make) => argmax(make([2, 5000]), -1).cast('f32')],
];
for (const [name, work] of inPieces) {
  test(`${name} over the limit, in pieces`, () => same((make) => [work(make, make([1]).device)]));
}

test('more pieces than an adapter binds at once are an error that names the op', () => {
  const few = bindingLimit * tight.kernelLimits.storageBuffers;
  tight.scope(() =>
    assert.throws(
      () => transpose(fill(tight, [few / 4, 1, 2], 1), [2, 1, 0]),
      (e: Error) => e instanceof LimitError && /^transpose: its tensors take \d+ bindings/.test(e.message),
    ),
  );
});

test('more than 65 535 workgroups', async () => {
  const n = 4_300_001; // odd: one element per invocation, 67 188 workgroups of 64
  const values = Float32Array.from({ length: n }, (_, i) => i % 1009);
  const doubled = await free.scope(() => tensor(free, values, [n]).mul(2)).read();
  for (let i = 0; i < n; i++) {
    if (doubled[i] !== 2 * (i % 1009)) assert.unreachable(`element ${i} is ${doubled[i]}`);
  }
});

test('a grid too large for WebGPU is an error', async () => {
  const narrow = await openDevice({ workgroupLimit: 2 });
  assert.throws(
    () => narrow.scope(() => fill(narrow, [64 * 4 + 1], 1)),
    (e: Error) => e instanceof LimitError && /fill: 5 workgroups/.test(e.message),
  );
  narrow.close();
});

test('tensors without elements', async () => {
  await free.scope(async () => {
    const x = tensor(free, [], [0, 8]).trainable();
    const w = tensor(free, new Float32Array(32), [4, 8]).trainable();
    const b = tensor(free, [1, 2, 3, 4], [4]).trainable();
    const y = linear(x, w, b, { activation: 'relu' });
    assert.equal([...y.shape], [0, 4]);
    assert.is((await y.read()).length, 0);
    const [dx, dw, db] = grad(y.sum(), [x, w, b]);
    assert.equal([...dx.shape], [0, 8]);
    assert.equal(
      [...(await dw.read())],
      Array.from({ length: 32 }, () => 0),
    );
    assert.equal([...(await db.read())], [0, 0, 0, 0]);
    // A product over nothing is a sum over nothing.
    const none = matmul(tensor(free, [], [3, 0]), tensor(free, [], [0, 5]));
    assert.equal(
      [...(await none.read())],
      Array.from({ length: 15 }, () => 0),
    );
    assert.is(await tensor(free, [], [0]).sum().item(), 0);
    assert.throws(() => tensor(free, [], [0]).max(), /max: nothing to reduce/);
    const ids = tensor(free, [], [0], { dtype: 'u32' });
    const [dTable] = grad(embedding(w, ids).sum(), [w]);
    assert.equal(
      [...(await dTable.read())],
      Array.from({ length: 32 }, () => 0),
    );
    assert.is(noGrad(free, () => attention([tensor(free, [], [2, 0, 12])], { heads: 2 })).size, 0);
  });
});

test.run();
