// Checks of argmax and argmin: the formula in float64 and the samples that tests are made from.
import { type ArgmaxAttrs, split } from './argmax.ts';
import type { OpCheck } from '../../check.ts';
import type { Tensor } from '../../tensor.ts';

/** @param sign 1 for the largest, −1 for the smallest */
export const argmaxCheck = (sign: 1 | -1): OpCheck<ArgmaxAttrs, readonly [Tensor]> => ({
  reference([x], attrs) {
    const { rows, length, stride, out } = split('argmax', x.shape, attrs);
    const data = new Float64Array(rows);
    for (let r = 0; r < rows; r++) {
      const value = (k: number): number =>
        sign * x.data[(Math.floor(r / stride) * length + k) * stride + (r % stride)];
      for (let k = 1; k < length; k++) if (value(k) > value(data[r])) data[r] = k;
    }
    return [{ shape: out, data }];
  },
  samples: [
    { inputs: [{ shape: [4, 8] }], attrs: { axis: -1 } },
    { inputs: [{ shape: [3, 5, 2] }], attrs: { axis: 1, keepDim: true } },
    { inputs: [{ shape: [20, 37] }], attrs: {} },
    { inputs: [{ shape: [20, 37] }], attrs: { axis: 1 } },
    { inputs: [{ shape: [6, 3], dtype: 'i32', range: [-9, 9] }], attrs: { axis: 0 } },
    {
      name: 'ties',
      inputs: [{ shape: [2, 40], values: Array.from({ length: 80 }, (_, i) => [3, 1, 3, 2][(i >> 1) % 4]) }],
      attrs: { axis: -1 },
    },
    {
      name: 'all equal',
      inputs: [{ shape: [3, 70], values: new Array<number>(210).fill(-2) }],
      attrs: { axis: -1 },
    },
    {
      name: 'vocabulary',
      inputs: [{ shape: [2, 50257], range: [-9, -1] }],
      attrs: { axis: -1 },
      tolerance: 1e-6,
    },
    { name: 'one', inputs: [{ shape: [1] }], attrs: { axis: 0 } },
    { name: 'no rows', inputs: [{ shape: [0, 4] }], attrs: { axis: -1 } },
  ],
});
