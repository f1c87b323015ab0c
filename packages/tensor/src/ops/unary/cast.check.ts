// Checks of cast: the formula in float64 and the samples that tests are made from.
import type { OpCheck } from '../../check.ts';
import type { DType } from '../../dtype/dtype.ts';
import { isFloat } from '../../dtype/dtype.ts';
import type { Tensor } from '../../tensor.ts';

export const castCheck: OpCheck<{ dtype: DType }, readonly [Tensor]> = {
  reference: ([x], { dtype }) => [{ shape: x.shape, data: isFloat(dtype) ? x.data : x.data.map(Math.trunc) }],
  samples: [
    { inputs: [{ shape: [3, 4] }], attrs: { dtype: 'f32' } },
    { inputs: [{ shape: [7] }], attrs: { dtype: 'f32' } },
    { inputs: [{ shape: [9], dtype: 'i32', range: [-50, 50] }], attrs: { dtype: 'f32' } },
    { inputs: [{ shape: [4], range: [-9, 9] }], attrs: { dtype: 'i32' }, checkGrad: [] },
    { inputs: [{ shape: [0, 3] }], attrs: { dtype: 'f32' } },
    { inputs: [{ shape: [1] }], attrs: { dtype: 'f32' } },
    { inputs: [{ shape: [201], dtype: 'u32', range: [0, 50] }], attrs: { dtype: 'f32' } },
  ],
};
