// Checks of fill: the formula in float64 and the samples that tests are made from.
import { type FillAttrs } from './fill.ts';
import type { OpCheck } from '../../check.ts';
import { sizeOf } from '../../core/shape.ts';

export const fillCheck: OpCheck<FillAttrs, readonly []> = {
  reference: (_, { shape, value }) => [{ shape, data: new Float64Array(sizeOf(shape)).fill(value) }],
  samples: [
    { inputs: [], attrs: { shape: [3, 5], value: 1.5, dtype: 'f32' } },
    { inputs: [], attrs: { shape: [8], value: 0, dtype: 'f32' } },
    { inputs: [], attrs: { shape: [7], value: 3, dtype: 'u32' } },
    { inputs: [], attrs: { shape: [2, 0], value: 1, dtype: 'f32' } },
    { inputs: [], attrs: { shape: [4], value: -2, dtype: 'i32' } },
    { inputs: [], attrs: { shape: [1], value: 5, dtype: 'f32' } },
    { inputs: [], attrs: { shape: [3, 67], value: 5, dtype: 'f32' } },
  ],
};
