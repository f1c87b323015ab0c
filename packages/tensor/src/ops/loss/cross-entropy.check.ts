// Checks of cross-entropy: the formula in float64 and the samples that tests are made from.
import type { OpCheck } from '../../check.ts';
import { type Tensor } from '../../tensor.ts';
import { type LossAttrs } from './loss-rows.ts';
import { lossRef } from './loss-rows.check.ts';

export const crossEntropyCheck: OpCheck<LossAttrs, readonly [Tensor, Tensor]> = {
  reference: ([logits, targets], attrs) => [
    { shape: attrs.reduction === 'none' ? targets.shape : [], data: lossRef(logits, targets, attrs) },
  ],
  samples: [
    {
      inputs: [{ shape: [6, 8] }, { shape: [6], dtype: 'u32', range: [0, 8] }],
      attrs: { reduction: 'mean', labelSmoothing: 0 },
    },
    {
      name: 'ignored rows',
      inputs: [{ shape: [5, 7] }, { shape: [5], dtype: 'i32', values: [3, -100, 0, -100, 6] }],
      attrs: { ignoreIndex: -100, reduction: 'mean', labelSmoothing: 0 },
    },
    {
      name: 'smoothed',
      inputs: [{ shape: [2, 3, 12] }, { shape: [2, 3], dtype: 'i32', values: [3, 11, 0, -1, 6, 5] }],
      attrs: { ignoreIndex: -1, reduction: 'none', labelSmoothing: 0.1 },
    },
    {
      name: 'all ignored',
      inputs: [{ shape: [3, 9] }, { shape: [3], dtype: 'u32', values: [4, 4, 4] }],
      attrs: { ignoreIndex: 4, reduction: 'mean', labelSmoothing: 0 },
    },
    {
      name: 'many rows',
      inputs: [
        { shape: [70, 36], range: [-30, 30] },
        { shape: [70], dtype: 'u32', range: [0, 36] },
      ],
      attrs: { ignoreIndex: 35, reduction: 'sum', labelSmoothing: 0 },
    },
    {
      name: 'smoothed mean',
      inputs: [{ shape: [18, 5] }, { shape: [18], dtype: 'u32', range: [0, 5] }],
      attrs: { ignoreIndex: 0, reduction: 'mean', labelSmoothing: 0.3 },
    },
    {
      name: 'long',
      inputs: [
        { shape: [2, 5003], range: [-4, 4] },
        { shape: [2], dtype: 'u32', values: [5002, 0] },
      ],
      attrs: { reduction: 'mean', labelSmoothing: 0 },
    },
    {
      name: 'one class',
      inputs: [{ shape: [1, 1] }, { shape: [1], dtype: 'u32', values: [0] }],
      attrs: { reduction: 'mean', labelSmoothing: 0 },
    },
    {
      name: 'no rows',
      inputs: [{ shape: [0, 4] }, { shape: [0], dtype: 'u32' }],
      attrs: { ignoreIndex: 1, reduction: 'mean', labelSmoothing: 0 },
    },
  ],
};
