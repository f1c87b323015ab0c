// Checks of arange (with linspace's way of counting from both ends) and eye.
import type { OpCheck } from '../../check.ts';
import { sizeOf, type Shape } from '../../core/shape.ts';
import type { DType } from '../../dtype/dtype.ts';
import type { SequenceAttrs } from './sequences.ts';

export const arangeCheck: OpCheck<SequenceAttrs, readonly []> = {
  reference: (_, { shape, start, step }) => [
    { shape, data: Float64Array.from({ length: sizeOf(shape) }, (_, i) => start + i * step) },
  ],
  samples: [
    { inputs: [], attrs: { shape: [7], dtype: 'f32', start: -1, step: 0.25 } },
    { inputs: [], attrs: { shape: [67], dtype: 'f32', start: 0, step: 1 / 66, end: 1 } },
    { inputs: [], attrs: { shape: [8], dtype: 'i32', start: 5, step: -3 } },
    { inputs: [], attrs: { shape: [3], dtype: 'u32', start: 4294967295, step: -1 } },
    { inputs: [], attrs: { shape: [1], dtype: 'f32', start: 2, step: 0 } },
    { inputs: [], attrs: { shape: [0], dtype: 'f32', start: 2, step: 1 } },
  ],
};

export const eyeCheck: OpCheck<{ shape: Shape; dtype: DType }, readonly []> = {
  reference: (_, { shape: [n, columns] }) => [
    {
      shape: [n, columns],
      data: Float64Array.from({ length: n * columns }, (_, i) =>
        Math.floor(i / columns) === i % columns ? 1 : 0,
      ),
    },
  ],
  samples: (
    [
      [[5, 5], 'f32'],
      [[3, 7], 'i32'],
      [[1, 1], 'u32'],
      [[9, 8], 'f32'],
      [[0, 3], 'f32'],
    ] as const
  ).map(([shape, dtype]) => ({ inputs: [], attrs: { shape, dtype } })),
};
