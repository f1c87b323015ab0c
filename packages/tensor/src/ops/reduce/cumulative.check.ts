// Checks of cumsum and cumprod: the formulas in float64 and the samples that tests are made from.
import type { OpCheck, Sample } from '../../check.ts';
import { normaliseAxis, stridesOf } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';
import type { CumulativeAttrs } from './cumulative.ts';

export const cumulativeCheck = (
  f: (a: number, b: number) => number,
  own: readonly Sample<CumulativeAttrs>[] = [],
): OpCheck<CumulativeAttrs, readonly [Tensor]> => ({
  reference([x], { axis }) {
    const at = normaliseAxis('reference', axis, x.shape.length);
    const stride = stridesOf(x.shape)[at];
    const data = x.data.slice();
    for (let i = 0; i < data.length; i++)
      if (Math.floor(i / stride) % x.shape[at] > 0) data[i] = f(data[i - stride], data[i]);
    return [{ shape: x.shape, data }];
  },
  samples: [
    { inputs: [{ shape: [3, 7] }], attrs: { axis: -1 } },
    { inputs: [{ shape: [2, 5, 3] }], attrs: { axis: 1 } },
    {
      name: 'in pieces',
      inputs: [{ shape: [600, 2], range: [0.8, 1.2] }],
      attrs: { axis: 0 },
      tolerance: 1e-4,
    },
    { name: 'one', inputs: [{ shape: [1, 1] }], attrs: { axis: 0 } },
    { name: 'none', inputs: [{ shape: [2, 0] }], attrs: { axis: 1 } },
    { name: 'i32', inputs: [{ shape: [9], dtype: 'i32', range: [-4, 4] }], attrs: { axis: 0 } },
    ...own,
  ],
});

export const cumsumCheck = cumulativeCheck((a, b) => a + b);
export const cumprodCheck = cumulativeCheck(
  (a, b) => a * b,
  [
    {
      name: 'zeros',
      inputs: [{ shape: [2, 5], values: [1, 2, 0, 3, 4, 5, 0, 6, 0, 7] }],
      attrs: { axis: 1 },
    },
  ],
);
