// Checks of reshape: the formula in float64 and the samples that tests are made from.
import { resolve } from './reshape.ts';
import type { OpCheck } from '../../check.ts';
import { type Shape } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';

export const reshapeCheck: OpCheck<{ shape: Shape }, readonly [Tensor]> = {
  reference: ([x], { shape }) => [{ shape: resolve(x.shape, shape), data: x.data }],
  samples: [
    { inputs: [{ shape: [3, 4] }], attrs: { shape: [2, 6] } },
    { inputs: [{ shape: [3, 4] }], attrs: { shape: [-1] } },
    { inputs: [{ shape: [1] }], attrs: { shape: [] } },
    { inputs: [{ shape: [0, 4] }], attrs: { shape: [2, 0] } },
    { inputs: [{ shape: [3, 67] }], attrs: { shape: [67, 3] } },
  ],
};
