// Checks of matmul: the formula in float64 and the samples that tests are made from.
import { type MatmulAttrs, sizes } from './matmul.ts';
import type { OpCheck, RefArray } from '../../check.ts';
import { sizeOf, type Shape } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';

/** Item of an operand with batch axes `own` for item `i` of batches `lead`. */
const broadcastItem = (own: Shape, lead: Shape, i: number): number =>
  own.reduce((at, n, axis) => {
    const whole = lead.slice(lead.length - own.length + axis);
    return at * n + (n === 1 ? 0 : Math.floor(i / sizeOf(whole.slice(1))) % whole[0]);
  }, 0);

/** The product in float64, for references of this op and those built on it. */
export function matmulRef(a: RefArray, b: RefArray, attrs: MatmulAttrs): Float64Array {
  const { a: left, b: right, full, K } = sizes(a, b, attrs);
  const lead = full.slice(0, -2);
  const [M, N] = full.slice(-2);
  const out = new Float64Array(sizeOf(full));
  for (let s = 0; s < sizeOf(lead); s++) {
    const aBegin = broadcastItem(left.slice(0, -2), lead, s) * M * K;
    const bBegin = broadcastItem(right.slice(0, -2), lead, s) * K * N;
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        let total = 0;
        for (let k = 0; k < K; k++) {
          const x = a.data[aBegin + (attrs.transA ? k * M + m : m * K + k)];
          total += x * b.data[bBegin + (attrs.transB ? n * K + k : k * N + n)];
        }
        out[(s * M + m) * N + n] = total;
      }
    }
  }
  return out;
}

export const matmulCheck: OpCheck<MatmulAttrs, readonly [Tensor, Tensor]> = {
  reference: ([a, b], attrs) => [{ shape: sizes(a, b, attrs).out, data: matmulRef(a, b, attrs) }],
  samples: [
    { inputs: [{ shape: [4, 8] }, { shape: [8, 12] }], attrs: { transA: false, transB: false } },
    { inputs: [{ shape: [5, 3] }, { shape: [3, 7] }], attrs: { transA: false, transB: false } },
    { inputs: [{ shape: [9, 8] }, { shape: [33, 8] }], attrs: { transA: false, transB: true } },
    { inputs: [{ shape: [5, 7] }, { shape: [3, 7] }], attrs: { transA: false, transB: true } },
    { inputs: [{ shape: [16, 12] }, { shape: [16, 20] }], attrs: { transA: true, transB: false } },
    { inputs: [{ shape: [7, 5] }, { shape: [7, 3] }], attrs: { transA: true, transB: false } },
    { inputs: [{ shape: [8, 5] }, { shape: [6, 8] }], attrs: { transA: true, transB: true } },
    { inputs: [{ shape: [2, 3, 4] }, { shape: [2, 4, 5] }], attrs: { transA: false, transB: false } },
    { inputs: [{ shape: [2, 3, 4] }, { shape: [2, 5, 4] }], attrs: { transA: false, transB: true } },
    { inputs: [{ shape: [2, 8, 4] }, { shape: [2, 8, 8] }], attrs: { transA: true, transB: false } },
    { inputs: [{ shape: [2, 3, 4] }, { shape: [4, 6] }], attrs: { transA: false, transB: false } },
    { inputs: [{ shape: [1, 1] }, { shape: [1, 1] }], attrs: { transA: false, transB: false } },
    { inputs: [{ shape: [0, 4] }, { shape: [4, 3] }], attrs: { transA: false, transB: false } },
    {
      name: 'both broadcast',
      inputs: [{ shape: [2, 1, 3, 4] }, { shape: [5, 4, 6] }],
      attrs: { transA: false, transB: false },
    },
    {
      name: 'one matrix a for all of b, turned',
      inputs: [{ shape: [4, 5] }, { shape: [3, 1, 8, 4] }],
      attrs: { transA: true, transB: true },
    },
    {
      name: 'batches of b alone, axes of one',
      inputs: [{ shape: [1, 3, 4] }, { shape: [2, 3, 4, 8] }],
      attrs: { transA: false, transB: false },
    },
    {
      name: 'two vectors',
      inputs: [{ shape: [5] }, { shape: [5] }],
      attrs: { transA: false, transB: false },
    },
    {
      name: 'a row',
      inputs: [{ shape: [4] }, { shape: [2, 3, 4, 6] }],
      attrs: { transA: false, transB: false },
    },
    {
      name: 'a column',
      inputs: [{ shape: [2, 3, 5] }, { shape: [5] }],
      attrs: { transA: false, transB: false },
    },
    {
      name: 'nothing to sum',
      inputs: [{ shape: [2, 3, 0] }, { shape: [0, 5] }],
      attrs: { transA: false, transB: false },
    },
    {
      name: 'edges',
      inputs: [{ shape: [17, 20] }, { shape: [20, 140] }],
      attrs: { transA: false, transB: false },
      checkGrad: [],
    },
    {
      name: 'bands of 13 rows',
      inputs: [{ shape: [50, 8] }, { shape: [8, 64] }],
      attrs: { transA: false, transB: false },
      checkGrad: [],
    },
    {
      name: 'bands of 10 rows TN',
      inputs: [{ shape: [2, 8, 20] }, { shape: [2, 8, 72] }],
      attrs: { transA: true, transB: false },
      checkGrad: [],
    },
    {
      name: 'blocks of B',
      inputs: [{ shape: [19, 12] }, { shape: [44, 12] }],
      attrs: { transA: false, transB: true },
      checkGrad: [],
    },
    {
      name: 'blocks of B, one row deep',
      inputs: [{ shape: [2, 16, 7] }, { shape: [2, 36, 7] }],
      attrs: { transA: false, transB: true },
      checkGrad: [],
    },
    {
      name: 'blocks of B, both turned',
      inputs: [{ shape: [8, 17] }, { shape: [20, 8] }],
      attrs: { transA: true, transB: true },
      checkGrad: [],
    },
    {
      name: 'edges NT',
      inputs: [{ shape: [70, 36] }, { shape: [67, 36] }],
      attrs: { transA: false, transB: true },
      checkGrad: [],
    },
  ],
};
