// Checks of randint, bernoulli and multinomial: the same numbers in JavaScript, and the samples that tests are made from.
import type { OpCheck } from '../../check.ts';
import { sizeOf } from '../../core/shape.ts';
import { randomBits, unit24 } from '../../kernel/random.ts';
import type { Tensor } from '../../tensor.ts';
import type { IntegerAttrs, MultinomialAttrs } from './discrete.ts';

const seed = { shape: [2], dtype: 'u32', values: [42, 4000000000] } as const;

export const randintCheck: OpCheck<IntegerAttrs, readonly [Tensor]> = {
  reference: ([from], { shape, low, high, stream }) => [
    {
      shape,
      data: Float64Array.from(
        { length: sizeOf(shape) },
        (_, i) => low + (randomBits(from.data, stream, i)[0] % (high - low)),
      ),
    },
  ],
  samples: [
    { inputs: [seed], attrs: { shape: [3, 5], dtype: 'i32', low: -5, high: 7, stream: 0 } },
    { inputs: [seed], attrs: { shape: [67], dtype: 'u32', low: 3000000000, high: 4294967296, stream: 2 } },
    { inputs: [seed], attrs: { shape: [1], dtype: 'i32', low: -2147483648, high: 2147483647, stream: 0 } },
    { inputs: [seed], attrs: { shape: [0], dtype: 'i32', low: 0, high: 1, stream: 0 } },
  ],
};

export const bernoulliCheck: OpCheck<{ stream: number }, readonly [Tensor, Tensor]> = {
  reference: ([p, from], { stream }) => [
    { shape: p.shape, data: p.data.map((v, i) => (unit24(randomBits(from.data, stream, i)[0]) < v ? 1 : 0)) },
  ],
  samples: ([[3, 5], [67], [1], [0, 3]] as const).map((shape) => ({
    inputs: [{ shape, range: [-0.25, 1.25] }, seed],
    attrs: { stream: 1 },
    checkGrad: [],
  })),
};

export const multinomialCheck: OpCheck<MultinomialAttrs, readonly [Tensor, Tensor]> = {
  reference: ([weights, from], { count, stream }) => {
    const K = weights.shape.at(-1)!;
    const shape = [...weights.shape.slice(0, -1), count];
    const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) => {
      const row = weights.data.subarray(Math.floor(i / count) * K, (Math.floor(i / count) + 1) * K);
      let share = unit24(randomBits(from.data, stream, i)[0]) * row.reduce((a, b) => a + b, 0);
      return row.findIndex((w) => (share -= w) < 0);
    });
    return [{ shape, data }];
  },
  samples: (
    [
      [[3, 5], 4],
      [[2, 1], 1],
      [[67], 66],
      [[0, 4], 2],
    ] as const
  ).map(([shape, count]) => ({
    inputs: [{ shape, range: [0, 1] }, seed],
    attrs: { count, stream: 0 },
    checkGrad: [],
  })),
};
