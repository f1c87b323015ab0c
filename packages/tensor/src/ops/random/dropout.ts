// dropout: zeroes each element with probability p and scales the rest by 1/(1 − p) (Srivastava et al. 2014,
// §10, "inverted"). The mask is a function of (seed, step, stream, element): backward makes it again.
import { TensorError } from '../../core/errors.ts';
import { runFlat } from '../../kernel/flat.ts';
import { assertSeed, eachElement, randomBits, randomWgsl } from '../../kernel/random.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import { assertFloat, defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

interface DropoutAttrs {
  p: number;
  stream: number;
}

/** Elements whose upper 24 random bits are below this are dropped. */
const threshold = (p: number): number => Math.round(p * 2 ** 24);
const keptScale = (p: number): number => (p < 1 ? 1 / (1 - p) : 0);

const definition: OpDefinition<DropoutAttrs, readonly [Tensor, Tensor]> = {
  name: 'dropout',
  infer([x, seed], { p, stream }) {
    assertFloat('dropout', 'x', x);
    assertSeed('dropout', seed, stream);
    if (!(p >= 0 && p <= 1))
      throw new TensorError(`dropout: p is ${p}, but a probability from 0 to 1 is needed`);
    return [{ shape: x.shape, dtype: x.dtype }];
  },
  launch(context, [x, seed], [out], { p, stream }) {
    runFlat(context, out.size, {
      read: { x },
      write: { out },
      also: { seed },
      consts: { STREAM: stream },
      flopsPerElement: 20,
      code: (elements) => wgsl`${randomWgsl}
        fn factor(i: u32) -> f32 {
          let bits = randomBits(vec2u(seed[0], seed[1]), STREAM, i).x >> 8u;
          return select(${f32Literal(keptScale(p))}, 0.0f, bits < ${threshold(p)}u);
        }
        fn thread(i: u32) { out[i] = out_t(V(x[i]) * ${eachElement(elements, 'factor')}); }`,
    });
  },
  vjp: ({ inputs: [, seed], attrs, grad }) => [dropout(grad, { ...attrs, seed }), undefined],
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

export interface DropoutOptions {
  /** Probability of dropping an element. */
  p: number;
  /** u32 [2]: (seed, step). */
  seed: Tensor;
  /** Keeps the masks of several dropouts in one step apart; default 0. */
  stream?: number;
}

/** `x` with elements zeroed at random and the rest scaled by 1/(1 − p); `x` itself for p = 0. */
export const dropout = defineOp(
  definition,
  (apply) =>
    (x: Tensor, { p, seed, stream = 0 }: DropoutOptions): Tensor =>
      p === 0 ? x : apply([x, seed], { p, stream })[0],
);
