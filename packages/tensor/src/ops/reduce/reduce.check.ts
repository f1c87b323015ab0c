// Checks of the reductions: the formulas in float64 and the samples that tests are made from.
import type { OpCheck, RefArray } from '../../check.ts';
import type { Tensor } from '../../tensor.ts';
import { split, type Kind, type ReduceAttrs } from './reduce.ts';

function reduceRef(kind: Kind, x: RefArray, attrs: ReduceAttrs): RefArray[] {
  const { outer, n, inner, out } = split(kind, x.shape, attrs);
  const data = new Float64Array(outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let acc = kind === 'max' ? -Infinity : 0;
      for (let k = 0; k < n; k++) {
        const v = x.data[(o * n + k) * inner + i];
        acc = kind === 'max' ? Math.max(acc, v) : acc + v;
      }
      data[o * inner + i] = kind === 'mean' ? acc / n : acc;
    }
  }
  return [{ shape: out, data }];
}

/** The check of one reduction. */
export const reduceCheck = (kind: Kind): OpCheck<ReduceAttrs, readonly [Tensor]> => ({
  reference: ([x], attrs) => reduceRef(kind, x, attrs),
  samples: [
    { inputs: [{ shape: [4, 6] }], attrs: { axis: undefined, keepDim: false } },
    { inputs: [{ shape: [4, 6] }], attrs: { axis: 0, keepDim: false } },
    { inputs: [{ shape: [3, 5, 2] }], attrs: { axis: 1, keepDim: true } },
    { inputs: [{ shape: [3, 5, 2] }], attrs: { axis: -1, keepDim: false } },
    { inputs: [{ shape: [1] }], attrs: { axis: undefined, keepDim: true } },
    { inputs: [{ shape: [2, 0, 3] }], attrs: { axis: 0, keepDim: false } },
    ...(kind === 'sum' ? [{ inputs: [{ shape: [3, 0] }], attrs: { axis: undefined, keepDim: false } }] : []),
    {
      name: 'long',
      inputs: [{ shape: [9001] }],
      attrs: { axis: undefined, keepDim: false },
      checkGrad: [],
    },
  ],
});
