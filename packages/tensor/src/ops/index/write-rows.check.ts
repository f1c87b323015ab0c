// Checks of write-rows: the formula in float64 and the samples that tests are made from.
import { type WriteRowsAttrs } from './write-rows.ts';
import type { OpCheck } from '../../check.ts';
import type { Tensor } from '../../tensor.ts';

export const writeRowsCheck: OpCheck<WriteRowsAttrs, readonly [Tensor, Tensor, Tensor]> = {
  reference([cache, x, position], { column }) {
    const [B, Tmax, C] = cache.shape;
    const [, T, W] = x.shape;
    const data = cache.data.slice();
    for (let b = 0; b < B; b++) {
      for (let t = 0; t < T && position.data[0] + t < Tmax; t++) {
        const from = (b * T + t) * W + column;
        data.set(x.data.subarray(from, from + C), (b * Tmax + position.data[0] + t) * C);
      }
    }
    return [{ shape: cache.shape, data }];
  },
  samples: (
    [
      [[2, 7, 4], [2, 3, 4], 2, 0],
      [[2, 5, 8], [2, 1, 24], 4, 8],
      [[1, 4, 3], [1, 2, 9], 0, 6],
      [[1, 1, 1], [1, 1, 1], 0, 0],
      [[2, 4, 4], [2, 3, 4], 3, 0],
      [[2, 4, 4], [2, 0, 4], 1, 0],
      [[3, 9, 20], [3, 5, 20], 1, 0],
    ] as const
  ).map(([cache, x, position, column]) => ({
    inputs: [{ shape: cache }, { shape: x }, { shape: [1], dtype: 'u32' as const, values: [position] }],
    attrs: { column },
    checkGrad: [],
  })),
};
