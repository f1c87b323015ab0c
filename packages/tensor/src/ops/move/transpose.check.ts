// Checks of transpose: the formula in float64 and the samples that tests are made from.
import { type TransposeAttrs, resolve } from './transpose.ts';
import type { OpCheck, Sample } from '../../check.ts';
import { stridesOf } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';

export const transposeCheck: OpCheck<TransposeAttrs, readonly [Tensor]> = {
  reference([x], { perm }) {
    const axes = resolve(x.shape, perm);
    const shape = axes.map((axis) => x.shape[axis]);
    const from = stridesOf(x.shape);
    const to = stridesOf(shape);
    const data = new Float64Array(x.data.length);
    for (let i = 0; i < data.length; i++) {
      data[i] = x.data[axes.reduce((at, axis, k) => at + (Math.floor(i / to[k]) % shape[k]) * from[axis], 0)];
    }
    return [{ shape, data }];
  },
  samples: (
    [
      [
        [3, 5],
        [1, 0],
      ],
      [
        [2, 3, 4, 8],
        [0, 2, 1, 3],
      ],
      [
        [2, 3, 5],
        [2, 0, 1],
      ],
      [
        [4, 3, 2, 5],
        [-1, 1, 0, 2],
      ],
      [
        [3, 4],
        [0, 1],
      ],
      [
        [1, 1, 1],
        [2, 1, 0],
      ],
      [[], []],
      [
        [0, 3],
        [1, 0],
      ],
      [
        [67, 9],
        [1, 0],
      ],
    ] as const
  ).map(([shape, perm]): Sample<TransposeAttrs> => ({ inputs: [{ shape }], attrs: { perm } })),
};
