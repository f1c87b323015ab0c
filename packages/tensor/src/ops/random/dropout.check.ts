// Checks of dropout: the formula in float64 and the samples that tests are made from.
import { type DropoutAttrs, threshold, keptScale } from './dropout.ts';
import type { OpCheck } from '../../check.ts';
import { randomBits } from '../../kernel/random.ts';
import type { Tensor } from '../../tensor.ts';

export const dropoutCheck: OpCheck<DropoutAttrs, readonly [Tensor, Tensor]> = {
  reference: ([x, seed], { p, stream }) => [
    {
      shape: x.shape,
      data: x.data.map((v, i) =>
        randomBits(seed.data, stream, i)[0] >>> 8 < threshold(p) ? 0 : v * keptScale(p),
      ),
    },
  ],
  samples: (
    [
      [[4, 6], 0.5, 0],
      [[7], 0.1, 3],
      [[1], 0.9, 1],
      [[0, 3], 0.5, 1],
      [[5, 5], 1, 2],
      [[3, 5], 0, 2],
      [[131], 0.3, 4294967295],
      [[6, 100], 0.25, 2],
    ] as const
  ).map(([shape, p, stream]) => ({
    inputs: [{ shape }, { shape: [2], dtype: 'u32' as const, values: [1234567, 89] }],
    attrs: { p, stream },
  })),
};
