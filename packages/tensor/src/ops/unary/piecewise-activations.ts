// Activations in pieces: the ELU family, leaky relu, and the clamped approximations of sigmoid, SiLU and tanh.
import { assertNumber, assertOptions } from '../../arguments.ts';
import { f32Literal } from '../../kernel/wgsl.ts';
import type { Op } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { clampRule } from './clamp.ts';
import { expm1Wgsl, expWgsl } from './exponential-wgsl.ts';
import { defineUnary, unary, type UnaryRule } from './unary-op.ts';

/** scale · (x for x > 0, else alpha · (e^(x / width) − 1)). */
function eluRule({ alpha, scale = 1, width = 1 }: Record<string, number>): UnaryRule {
  const [low, high, w] = [f32Literal(alpha * scale), f32Literal(scale), f32Literal(width)];
  return {
    prelude: [...new Set([...expm1Wgsl, ...expWgsl])],
    value: `select(${low} * expm1V(x / ${w}), ${high} * x, x > V(0.0))`,
    slope: `select(${f32Literal((alpha * scale) / width)} * expV(x / ${w}), V(${high}), x > V(0.0))`,
  };
}

/** An op with one number, which has a default. */
const withNumber = (
  name: string,
  [argument, standard]: readonly [name: string, value: number],
  rule: (value: number) => UnaryRule,
): Op<(x: Tensor, value?: number) => Tensor> =>
  defineUnary<{ value: number }, (x: Tensor, value?: number) => Tensor>(
    name,
    { rule: ({ value }) => rule(value) },
    (apply) =>
      (x, value = standard) => {
        assertNumber(name, argument, value);
        return apply([x], { value })[0];
      },
  );

/** `elu(x, alpha = 1)`: x for x > 0, else alpha · (e^x − 1) (Clevert et al. 2015). */
export const elu = withNumber('elu', ['alpha', 1], (alpha) => eluRule({ alpha }));

/** scale · elu(x, alpha) with the constants of Klambauer et al. 2017, which keep mean 0 and variance 1. */
export const selu = unary('selu', eluRule({ alpha: 1.6732632423543772, scale: 1.0507009873554805 }));

/** `celu(x, alpha = 1)`: max(x, 0) + min(0, alpha · (e^(x / alpha) − 1)) (Barron 2017). */
export const celu = withNumber('celu', ['alpha', 1], (alpha) => eluRule({ alpha, width: alpha }));

/** `leakyRelu(x, negativeSlope = 0.01)`: x for x > 0, else negativeSlope · x. */
export const leakyRelu = withNumber('leakyRelu', ['negativeSlope', 0.01], (slope) => ({
  value: `select(x * ${f32Literal(slope)}, x, x > V(0.0))`,
  gradient: `select(g * ${f32Literal(slope)}, g, x > V(0.0))`,
}));

const sixth = 'fn sixth(x: V) -> V { return select(clamp(x / 6.0 + 0.5, V(0.0), V(1.0)), x, nanV(x)); }';

/** x/6 + ½ within 0 and 1. */
export const hardSigmoid = unary('hardSigmoid', {
  prelude: [sixth],
  value: 'sixth(x)',
  gradient: 'select(V(0.0), g / 6.0, (x > V(-3.0)) & (x < V(3.0)))',
});

/** x · hardSigmoid(x); NaN at −∞, as in PyTorch. */
export const hardSwish = unary('hardSwish', {
  prelude: [sixth],
  value: 'x * sixth(x)',
  gradient: 'select(select(g, g * (x / 3.0 + 0.5), x <= V(3.0)), V(0.0), x < V(-3.0))',
});

/**
 * x within min and max, by default −1 and 1; the gradient is 0 from the bounds on.
 * @example
 * x.hardTanh({ min: 0, max: 6 }); // relu6
 */
export const hardTanh = defineUnary(
  'hardTanh',
  {
    rule: ({ min, max }: { min: number; max: number }) => ({
      ...clampRule({ min, max }, 'f32'),
      gradient: `select(g, V(0.0), (x <= V(${f32Literal(min)})) | (x >= V(${f32Literal(max)})))`,
    }),
  },
  (apply) =>
    (x: Tensor, options: { min?: number; max?: number } = {}): Tensor => {
      assertOptions('hardTanh', options, ['min', 'max']);
      const { min = -1, max = 1 } = options;
      assertNumber('hardTanh', 'min', min);
      assertNumber('hardTanh', 'max', max, { min });
      return apply([x], { min, max })[0];
    },
);
