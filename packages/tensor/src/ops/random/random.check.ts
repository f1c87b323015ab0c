// Checks of randomUniform and randomNormal: the same numbers in JavaScript, and the samples that tests are made from.
import type { OpCheck, Sample } from '../../check.ts';
import { sizeOf } from '../../core/shape.ts';
import { randomBits, unit24 } from '../../kernel/random.ts';
import type { Tensor } from '../../tensor.ts';
import type { RandomAttrs } from './random.ts';

/** The check of a distribution; `js` makes one number from three times 32 bits. */
const randomCheck = (
  js: (bits: readonly [number, number, number]) => number,
): OpCheck<RandomAttrs, readonly [Tensor]> => ({
  reference: ([seed], { shape, stream, shift, scale }) => {
    const data = Float64Array.from(
      { length: sizeOf(shape) },
      (_, i) => shift + scale * js(randomBits(seed.data, stream, i)),
    );
    return [{ shape, data }];
  },
  samples: (
    [
      [[4, 6], 0, 0, 1],
      [[7], 3, -1, 2],
      [[1], 1, 0.5, 0.02],
      [[0, 3], 1, 0, 1],
      [[130, 5], 4294967295, 0, 1],
    ] as const
  ).map(([shape, stream, shift, scale]): Sample<RandomAttrs> => ({
    inputs: [{ shape: [2], dtype: 'u32', values: [42, 4000000000] }],
    attrs: { shape, dtype: 'f32', stream, shift, scale },
  })),
});

export const randomUniformCheck = randomCheck(([x]) => unit24(x));
export const randomNormalCheck = randomCheck(
  ([x, y]) => Math.sqrt(-2 * Math.log(1 - unit24(x))) * Math.cos(2 * Math.PI * (unit24(y) - 0.5)),
);
