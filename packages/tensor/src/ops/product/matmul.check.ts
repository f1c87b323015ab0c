// Checks of matmul: the formula in float64 and the samples that tests are made from.
import { type MatmulAttrs, sizes } from './matmul.ts';
import type { OpCheck, RefArray } from '../../check.ts';
import type { Tensor } from '../../tensor.ts';

/** The product in float64, for references of this op and those built on it. */
export function matmulRef(a: RefArray, b: RefArray, attrs: MatmulAttrs): Float64Array {
  const { batch, M, N, K } = sizes(a, b, attrs);
  const out = new Float64Array(batch * M * N);
  for (let s = 0; s < batch; s++) {
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        let total = 0;
        for (let k = 0; k < K; k++) {
          const x = a.data[s * M * K + (attrs.transA ? k * M + m : m * K + k)];
          total += x * b.data[s * K * N + (attrs.transB ? n * K + k : k * N + n)];
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
