// Checks of concat: the formula in float64 and the samples that tests are made from.
import { type ConcatAttrs, joinedShape } from './concat.ts';
import type { OpCheck, Sample } from '../../check.ts';
import { normaliseAxis } from '../../core/shape.ts';
import { around } from './slice.ts';

export const concatCheck: OpCheck<ConcatAttrs> = {
  reference(inputs, { axis }) {
    const shape = joinedShape(
      inputs.map((t) => t.shape),
      axis,
    );
    const at = normaliseAxis('concat', axis, shape.length);
    const { outer, n, inner } = around(shape, at);
    const data = new Float64Array(outer * n * inner);
    for (let o = 0; o < outer; o++) {
      let to = o * n * inner;
      for (const t of inputs) {
        const length = t.shape[at] * inner;
        data.set(t.data.subarray(o * length, (o + 1) * length), to);
        to += length;
      }
    }
    return [{ shape, data }];
  },
  samples: (
    [
      [
        [
          [2, 4],
          [3, 4],
        ],
        0,
      ],
      [
        [
          [2, 3, 8],
          [2, 5, 8],
        ],
        1,
      ],
      [
        [
          [3, 2],
          [3, 5],
          [3, 1],
        ],
        -1,
      ],
      [[[4]], 0],
      [
        [
          [2, 0, 3],
          [2, 2, 3],
        ],
        1,
      ],
      [
        [
          [0, 3],
          [0, 4],
        ],
        1,
      ],
      [
        [
          [1, 1],
          [1, 1],
        ],
        0,
      ],
      [Array.from({ length: 9 }, (_, i) => [3, i]), 1],
      [Array.from({ length: 8 }, () => [2, 4]), 1],
    ] as const
  ).map(([shapes, axis]): Sample<ConcatAttrs> => ({
    inputs: shapes.map((shape) => ({ shape })),
    attrs: { axis },
  })),
};
