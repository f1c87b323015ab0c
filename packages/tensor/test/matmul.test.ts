// Products: a matrix stored the other way round gives the same bits; batches and vectors are broadcast as in PyTorch; nothing
// to sum gives zeros.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice } from '../src/node.ts';
import {
  cast,
  compile,
  DTypeError,
  grad,
  linear,
  matmul,
  mlp,
  ShapeError,
  tensor,
  TensorError,
  transpose,
  type Tensor,
} from '../src/index.ts';
import { wholePiece } from '../src/ops/product/gemm.ts';
import { sliceKernel } from '../src/ops/product/slice-kernel.ts';
import { defaultTileForm, tileKernel } from '../src/ops/product/tile-kernel.ts';
import { uniform } from './op-check.ts';
import { refusesOn } from './refuses.ts';

const device = await openDevice();
const test = suite('matmul');

test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const next = uniform(3);
const values = (length: number): Float32Array => Float32Array.from({ length }, () => 2 * next() - 1);

const sizes: [what: string, M: number, N: number, K: number][] = [
  ['whole rows and units', 24, 64, 40],
  ['an incomplete band of rows, and of columns', 19, 44, 12],
  ['a depth that is no multiple of four', 16, 36, 7],
  ['a depth of one', 17, 4, 1],
];

for (const dtype of ['f32', 'f16'] as const) {
  for (const [what, M, N, K] of sizes) {
    test(`${dtype}: ${what}`, async () => {
      if (dtype === 'f16' && !device.adapter.f16) return console.log('  skipped: this adapter has no f16');
      const [stored, turned] = device.scope(() => {
        const a = cast(tensor(device, values(M * K), [M, K]), dtype);
        const b = cast(tensor(device, values(N * K), [N, K]), dtype);
        return [matmul(a, b, { transB: true }), matmul(a, transpose(b, [1, 0]))];
      });
      assert.equal(await stored.read(), await turned.read());
      stored.dispose();
      turned.dispose();
    });
  }
}

test('one kernel, whichever way B is stored, and no memory beside the result', async () => {
  const inputs = { a: { shape: [32, 48] }, b: { shape: [64, 48] } };
  const plan = await compile(device, inputs, ({ a, b }) => ({ y: matmul(a, b, { transB: true }) }));
  assert.is(plan.dispatches, 1);
  assert.is(plan.arenaBytes, 4 * 32 * 64);
  plan.dispose();
});

/** sin(f·i): the same numbers in the script that made the figures of PyTorch 1.13, in float64. */
const wave = (f: number, ...shape: number[]): Tensor => {
  const length = shape.reduce((a, b) => a * b, 1);
  return tensor(
    device,
    Float32Array.from({ length }, (_, i) => Math.sin(f * i)),
    shape,
  ).trainable();
};
const cosines = (shape: readonly number[]): Tensor => {
  const length = shape.reduce((a, b) => a * b, 1);
  return tensor(
    device,
    Float32Array.from({ length }, (_, i) => Math.cos(i)),
    shape,
  );
};

interface Figures {
  a: number[];
  b: number[];
  y: number[];
  shape: number[];
  da: number[];
  db: number[];
}

// prettier-ignore
const figures: Figures[] = [
  {
    a: [2, 1, 2, 3], b: [2, 3, 2], shape: [2, 2, 2, 2],
    y: [0.191288, -0.687981, 0.481456, 1.162243, 0.917417, 0.173942, -0.545752, 0.499911, -0.677411, -0.485527, 0.20252, -0.672011, -0.366375, -0.678698, 0.915678, 0.185365],
    da: [0.933115, 0.961107, -1.369846, -1.504797, 0.664892, 1.202668, -1.350556, 1.01877, 0.887622, -0.114972, -1.443526, 0.770916],
    db: [-0.246516, -0.060377, 0.096502, 0.914486, 0.394133, 1.459253, 0.095644, -0.152906, -0.838655, -0.95534, -1.378522, -1.308462],
  },
  {
    a: [3], b: [2, 3, 2], shape: [2, 2],
    y: [0.191288, -0.687981, 0.917417, 0.173942],
    da: [0.728171, -0.085704, -0.689227],
    db: [0, 0, 0.644218, 0.348072, 0.98545, 0.532441, 0, 0, -0.268089, -0.637771, -0.410092, -0.975588],
  },
  { a: [3], b: [3], shape: [], y: [1.464311], da: [0, 0.783327, 0.973848], db: [0, 0.644218, 0.98545] },
];

for (const { a, b, shape, y, da, db } of figures) {
  test(`[${a.join(', ')}] · [${b.join(', ')}] is torch.matmul, and so are its gradients`, () =>
    device.scope(async () => {
      const inputs = [wave(0.7, ...a), wave(0.9, ...b)] as const;
      const out = matmul(...inputs);
      assert.equal([...out.shape], shape);
      const gradients = grad(out, inputs, { seed: cosines(shape) });
      for (const [t, wanted] of [
        [out, y],
        [gradients[0], da],
        [gradients[1], db],
      ] as const) {
        const got = await t.read();
        assert.is(got.length, wanted.length);
        wanted.forEach((x, i) => assert.ok(Math.abs(got[i] - x) < 4e-6, `${i}: ${got[i]}, not ${x}`));
      }
    }));
}

test('broadcast batches: every kernel reads the items that the plain product over copies reads', () =>
  device.scope(async () => {
    const [M, N, K] = [5, 36, 132];
    const [a, b] = [wave(0.7, 2, 1, M, K), wave(0.9, 3, K, N)];
    const wanted = await matmul(a, b).read();
    const item = (t: Tensor, i: number): Tensor =>
      t.reshape([-1, ...t.shape.slice(-2)]).slice({ axis: 0, start: i, end: i + 1 });
    for (const [i, j] of [
      [0, 2],
      [1, 0],
    ]) {
      const at = (i * 3 + j) * M * N;
      const one = await matmul(item(a, i), item(b, j)).read();
      for (let n = 0; n < M * N; n++) assert.ok(Math.abs(one[n] - wanted[at + n]) < 1e-4, `${i} ${j} ${n}`);
    }
    const out = tensor(device, new Float32Array(6 * M * N), [2, 3, M, N]);
    const itemA = (batch: string): string => `(${batch} / 3u)`;
    const itemB = (batch: string): string => `(${batch} % 3u)`;
    const piece = wholePiece({ a, b, out, M, N, K, itemA, itemB }, 0, 6);
    for (const kernel of [
      tileKernel(piece, defaultTileForm(piece)),
      sliceKernel(piece, { name: 'slices', slices: 32 }),
    ]) {
      out.write(new Float32Array(out.size));
      device.run('matmul', kernel);
      const got = await out.read();
      for (let n = 0; n < out.size; n++) assert.ok(Math.abs(got[n] - wanted[n]) < 1e-4, `${n}: ${got[n]}`);
    }
  }));

test('operands that are broadcast are not copied: one kernel, and no memory beside the result', async () => {
  const inputs = { a: { shape: [2, 1, 8, 12] }, b: { shape: [3, 12, 16] } };
  const plan = await compile(device, inputs, ({ a, b }) => ({ y: matmul(a, b) }));
  assert.is(plan.dispatches, 1);
  assert.is(plan.arenaBytes, 4 * 6 * 8 * 16);
  plan.dispose();
});

test('sums over nothing are zeros, with gradients, and a linear layer without inputs gives its bias', () =>
  device.scope(async () => {
    // What was in the memory before must not show through.
    const rest = tensor(device, new Float32Array(15).fill(7), [3, 5]);
    rest.dispose();
    const none = (...shape: number[]): Tensor => tensor(device, [], shape).trainable();
    const b = tensor(device, [1, 2, 3, 4, 5], [5]).trainable();
    const [x, w] = [none(3, 0), none(5, 0)];
    const y = linear(x, w, b);
    assert.equal([...(await y.read())], [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
    const [dx, dw, db] = grad(y.sum(), [x, w, b]);
    assert.equal(
      [dx.shape, dw.shape].map((s) => [...s]),
      [
        [3, 0],
        [5, 0],
      ],
    );
    assert.equal([...(await db.read())], [3, 3, 3, 3, 3]);
    assert.equal([...(await matmul(none(2, 0), none(0, 3)).read())], [0, 0, 0, 0, 0, 0]);
    const left = wave(1, 1, 17, 12);
    const right = none(12, 0);
    const [da, dright] = grad(matmul(left, right), [left, right], { seed: none(1, 17, 0).detach() });
    assert.equal([...(await da.read())], new Array(204).fill(0));
    assert.equal([...dright.shape], [12, 0]);
  }));

test('refused by name: sizes that do not fit, transposed vectors, whole numbers, unknown options', () => {
  const refuses = refusesOn(device);
  device.scope(() => {
    const of = (...shape: number[]): Tensor => wave(1, ...shape);
    refuses(
      () => matmul(of(2, 3), of(2)),
      ShapeError,
      /^matmul: inner sizes differ: a \[2, 3\] · b \[2\] \(3 ≠ 2\)/,
    );
    refuses(() => matmul(of(2, 3, 4), of(5, 4, 6)), ShapeError, /^matmul: batch sizes differ: .*\(2 ≠ 5\)/);
    refuses(
      () => matmul(of(), of(2)),
      ShapeError,
      /^matmul: matrices or vectors are needed: a \[\] · b \[2\]/,
    );
    refuses(
      () => matmul(of(3), of(3, 2), { transA: true }),
      ShapeError,
      /^matmul: a vector is not transposed/,
    );
    refuses(
      () => matmul(of(2, 2), tensor(device, [1, 2], [2], { dtype: 'i32' })),
      DTypeError,
      /^matmul: b is i32/,
    );
    const whole = tensor(device, [1, 2, 3, 4], [2, 2], { dtype: 'i32' });
    refuses(() => linear(of(2, 2), whole), DTypeError, /^linear: the weight is i32/);
    refuses(
      () => linear(of(2, 2), of(2, 2), undefined, { activation: 'swish' as never }),
      TensorError,
      /^linear: activation is the text 'swish', but one of .*'gelu'/,
    );
    refuses(
      () => linear(of(2, 2), of(2, 2), undefined, { layout: 'io' as never }),
      TensorError,
      /^linear: layout is the text 'io'/,
    );
    refuses(
      () => mlp(of(2, 2), { w1: of(2, 2), w2: of(2, 2) }, {} as never),
      TensorError,
      /^mlp: activation is undefined/,
    );
    refuses(
      () => matmul(of(2, 2), of(2, 2), { transpose: true } as never),
      Error,
      /^matmul: there is no option 'transpose'/,
    );
  });
});

test.run();
