// Checks of slice: the formula in float64 and the samples that tests are made from.
import { type SliceAttrs, around, resized, resolve } from './slice.ts';
import type { OpCheck, Sample } from '../../check.ts';
import type { Tensor } from '../../tensor.ts';

export const sliceCheck: OpCheck<SliceAttrs, readonly [Tensor]> = {
  reference([x], attrs) {
    const { axis, start, end } = resolve(x.shape, attrs);
    const { outer, n, inner } = around(x.shape, axis);
    const part = (end - start) * inner;
    const data = new Float64Array(outer * part);
    for (let o = 0; o < outer; o++) {
      data.set(x.data.subarray((o * n + start) * inner, (o * n + end) * inner), o * part);
    }
    return [{ shape: resized(x.shape, axis, end - start), data }];
  },
  samples: (
    [
      [[5, 4], 0, 1, 4],
      [[3, 7], 1, 2, 3],
      [[2, 3, 8], 1, 0, 2],
      [[2, 3, 8], -1, -4, 8],
      [[6], 0, 0, 6],
      [[1, 1], 0, 0, 1],
      [[4, 5], 1, 2, 2],
      [[0, 5], 1, 1, 3],
      [[3, 70], 1, 1, -2],
    ] as const
  ).map(([shape, axis, start, end]): Sample<SliceAttrs> => ({
    inputs: [{ shape }],
    attrs: { axis, start, end },
  })),
};
