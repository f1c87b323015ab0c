// Checks of linear-cross-entropy: the formula in float64 and the samples that tests are made from.
import { type LinearLossAttrs, type LossInputs } from './linear-cross-entropy.ts';
import type { OpCheck } from '../../check.ts';
import { matmulRef } from '../product/matmul.check.ts';
import { lossRef } from './loss-rows.check.ts';

export const linearCrossEntropyCheck: OpCheck<LinearLossAttrs, LossInputs> = {
  reference([x, w, targets, weights], attrs) {
    const logits = matmulRef(x, w, { transA: false, transB: true });
    return [
      {
        shape: [],
        data: lossRef({ shape: [x.shape[0], w.shape[0]], data: logits }, targets, attrs, weights),
      },
    ];
  },
  samples: [
    {
      inputs: [{ shape: [6, 8] }, { shape: [12, 8] }, { shape: [6], dtype: 'u32', range: [0, 12] }],
      attrs: { reduction: 'mean', labelSmoothing: 0 },
    },
    {
      name: 'odd sizes, chunks',
      inputs: [{ shape: [131, 5] }, { shape: [33, 5] }, { shape: [131], dtype: 'i32', range: [-1, 33] }],
      attrs: { ignoreIndex: -1, reduction: 'sum', labelSmoothing: 0, chunkBytes: 1 },
      checkGrad: [],
    },
    {
      name: 'chunks, smoothed',
      inputs: [{ shape: [70, 4] }, { shape: [9, 4] }, { shape: [70], dtype: 'u32', range: [0, 9] }],
      attrs: { ignoreIndex: 3, reduction: 'mean', labelSmoothing: 0.1, chunkBytes: 1 },
    },
    {
      name: 'weighted rows, chunks',
      inputs: [
        { shape: [70, 4] },
        { shape: [9, 4] },
        { shape: [70], dtype: 'u32', range: [0, 9] },
        { shape: [70], range: [-2, 2] },
      ],
      attrs: { ignoreIndex: 3, reduction: 'mean', labelSmoothing: 0, chunkBytes: 1 },
      checkGrad: [0, 1],
    },
    {
      name: 'all ignored',
      inputs: [
        { shape: [3, 4] },
        { shape: [7, 4] },
        { shape: [3], dtype: 'i32', values: [-100, -100, -100] },
      ],
      attrs: { ignoreIndex: -100, reduction: 'mean', labelSmoothing: 0 },
    },
    {
      name: 'one',
      inputs: [{ shape: [1, 1] }, { shape: [1, 1] }, { shape: [1], dtype: 'u32', values: [0] }],
      attrs: { reduction: 'sum', labelSmoothing: 0 },
    },
    {
      name: 'no rows',
      inputs: [{ shape: [0, 4] }, { shape: [5, 4] }, { shape: [0], dtype: 'u32' }],
      attrs: { reduction: 'mean', labelSmoothing: 0 },
    },
  ],
};
