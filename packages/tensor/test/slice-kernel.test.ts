// The kernel for products with few rows, which only GPUs take by themselves: here it is called for each form.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice } from '../src/node.ts';
import { tensor, emptyTensor, type Tensor } from '../src/index.ts';
import type { DType } from '../src/dtype/dtype.ts';
import { f16ToF32Array, f32ToF16Array } from '../src/dtype/half.ts';
import { wholePiece, type Gemm } from '../src/ops/matmul/gemm.ts';
import { sliceForms, sliceKernel, suitsSlices } from '../src/ops/matmul/slice-kernel.ts';
import { deviation, uniform } from './op-check.ts';

const device = await openDevice();
const test = suite('slice kernel');

test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const next = uniform(11);

interface Matrix {
  tensor: Tensor;
  /** As the GPU holds them. */
  values: Float32Array;
}

function matrix(shape: number[], dtype: DType = 'f32'): Matrix {
  const size = shape.reduce((a, b) => a * b);
  const drawn = Float32Array.from({ length: size }, () => 2 * next() - 1);
  const values = dtype === 'f16' ? f16ToF32Array(f32ToF16Array(drawn)) : drawn;
  return { tensor: tensor(device, values, shape, { dtype }), values };
}

interface Case {
  M: number;
  N: number;
  K: number;
  batch?: number;
  transB?: boolean;
  dtype?: DType;
  bias?: boolean;
}

async function check({ M, N, K, batch = 1, transB = false, dtype, bias }: Case): Promise<void> {
  for (const form of sliceForms) {
    await device.scope(async () => {
      const a = matrix([batch, M, K]);
      const b = matrix(transB ? [batch, N, K] : [batch, K, N], dtype);
      const shift = bias ? matrix([N]) : undefined;
      const out = emptyTensor(device, [batch, M, N]);
      const gemm: Gemm = { a: a.tensor, b: b.tensor, out, M, N, K, batch, transB, bias: shift?.tensor };
      const piece = wholePiece(gemm, 0, batch);
      assert.ok(suitsSlices(piece));
      device.run('matmul', sliceKernel(piece, form));
      const expected = new Float64Array(batch * M * N);
      for (let i = 0; i < expected.length; i++) {
        const [n, m, item] = [i % N, Math.floor(i / N) % M, Math.floor(i / (M * N))];
        let sum = shift?.values[n] ?? 0;
        for (let k = 0; k < K; k++) {
          const other = transB ? (item * N + n) * K + k : (item * K + k) * N + n;
          sum += a.values[(item * M + m) * K + k] * b.values[other];
        }
        expected[i] = sum;
      }
      const { worst, at } = deviation(await out.read(), expected);
      assert.ok(worst < 2e-5, `${form.name}: off by ${worst} at ${at}`);
    });
  }
}

const cases: [what: string, sizes: Case][] = [
  ['one row', { M: 1, N: 96, K: 160 }],
  ['one row, B stored [N, K]', { M: 1, N: 37, K: 160, transB: true }],
  ['an odd depth', { M: 2, N: 36, K: 131 }],
  ['an odd depth, B stored [N, K]', { M: 2, N: 5, K: 131, transB: true }],
  ['odd columns, and a bias', { M: 3, N: 45, K: 128, bias: true }],
  ['eight rows, and a bias for columns by fours', { M: 8, N: 20, K: 140, bias: true }],
  ['items of a batch', { M: 2, N: 12, K: 128, batch: 3 }],
  ['items of a batch, B stored [N, K]', { M: 2, N: 9, K: 132, batch: 3, transB: true }],
];
for (const [what, sizes] of cases) test(what, () => check(sizes));

for (const transB of [false, true]) {
  test(`B in f16${transB ? ', stored [N, K]' : ''}`, async () => {
    if (!device.adapter.f16) return console.log('  skipped: this adapter has no f16');
    await check({ M: 2, N: 24, K: 136, transB, dtype: 'f16' });
  });
}

test('many rows, a short depth and a stored transpose are left to others', () => {
  device.scope(() => {
    const of = (M: number, K: number, transA = false) => {
      const [a, b] = [matrix([M, K]).tensor, matrix([K, 4]).tensor];
      return wholePiece({ a, b, out: emptyTensor(device, [M, 4]), M, N: 4, K, transA }, 0, 1);
    };
    assert.equal(
      [of(8, 128), of(9, 128), of(8, 127), of(8, 128, true)].map((p) => suitsSlices(p)),
      [true, false, false, false],
    );
  });
});

test.run();
