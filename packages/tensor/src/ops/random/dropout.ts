// dropout: zeroes each element with probability p and scales the rest by 1/(1 − p) (Srivastava et al. 2014,
// §10, "inverted"). The mask is a function of (seed, step, stream, element): backward makes it again.
import { TensorError } from '../../core/errors.ts';
import { runFlat } from '../../kernel/flat.ts';
import { assertSeed, eachElement, randomWgsl } from '../../kernel/random.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import { assertFloat } from '../../arguments.ts';
import { seedTensor, type SeedOptions } from './generator.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

export interface DropoutAttrs {
  p: number;
  stream: number;
}

/** Elements whose upper 24 random bits are below this are dropped. */
export const threshold = (p: number): number => Math.round(p * 2 ** 24);
export const keptScale = (p: number): number => (p < 1 ? 1 / (1 - p) : 0);

const definition: OpDefinition<DropoutAttrs, readonly [Tensor, Tensor]> = {
  name: 'dropout',
  inputs: ['x', 'seed'],
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
};

export interface DropoutOptions extends SeedOptions {
  /** Probability of dropping an element. */
  p: number;
}

/** `x` with elements zeroed at random and the rest scaled by 1/(1 − p); `x` itself for p = 0. */
export const dropout = defineOp(
  definition,
  (apply) =>
    (x: Tensor, { p, seed, stream = 0 }: DropoutOptions): Tensor =>
      p === 0 ? x : x.device.scope(() => apply([x, seedTensor('dropout', x.device, seed)], { p, stream })[0]),
);
