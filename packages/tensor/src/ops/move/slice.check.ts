// Checks of slice: the formula in float64 and the samples that tests are made from.
import { resolve, slicedShape, type SliceAttrs, type SliceOptions } from './slice.ts';
import type { OpCheck, Sample } from '../../check.ts';
import type { Shape } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';
import { moved } from './move-reference.check.ts';

export const sliceCheck: OpCheck<SliceAttrs, readonly [Tensor]> = {
  reference: ([x], { parts }) => [
    moved(x, slicedShape(x.shape, parts), (at) =>
      at.map((c, k) => {
        const part = parts.find(({ axis }) => axis === k);
        return part ? part.start + c * part.step : c;
      }),
    ),
  ],
  samples: (
    [
      [[5, 4], { axis: 0, start: 1, end: 4 }],
      [[3, 7], { axis: 1, start: 2, end: 3 }],
      [
        [3, 9, 2],
        [
          { axis: 1, start: 7, end: 0, step: -2 },
          { axis: 0, step: 2 },
        ],
      ],
      [[2, 3, 8], { axis: -1, start: -4, end: 8 }],
      [[6], {}],
      [[1, 1], {}],
      [[4, 5], { axis: 1, start: 2, end: 2 }],
      [[0, 5], { axis: 1, start: 1, end: 3 }],
      [[3, 70], { axis: 1, start: 1, end: -2 }],
    ] as [Shape, SliceOptions | SliceOptions[]][]
  ).map(([shape, options]): Sample<SliceAttrs> => ({
    inputs: [{ shape }],
    attrs: { parts: [options].flat().map((each) => resolve(shape, each)) },
  })),
};
