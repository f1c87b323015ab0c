// Activations without corners: SiLU, softplus, log-sigmoid, Mish, softsign.
import { assertNumber, assertOptions } from '../../arguments.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import type { Tensor } from '../../tensor.ts';
import { logistic } from './activations.ts';
import { log1pWgsl } from './exponential-wgsl.ts';
import { defineUnary, unary } from './unary-op.ts';

/** x·σ(x), also called swish; NaN at −∞, as in PyTorch. */
export const silu = unary('silu', {
  prelude: [logistic, 'fn siluSlope(x: V) -> V { let s = logistic(x); return s * (1.0 + x * (1.0 - s)); }'],
  value: 'x * logistic(x)',
  slope: 'siluSlope(x)',
});

// e^−|x| neither overflows nor loses NaN; max(z, 0) drops NaN, the logarithm beside it does not.
const softplusWgsl = [
  ...log1pWgsl,
  'fn softplusV(z: V) -> V { return max(z, V(0.0)) + log1pV(exp(-abs(z))); }',
];

export interface SoftplusOptions {
  /** Steepness; default 1. */
  beta?: number;
  /** Where beta · x is larger the result is x itself; default 20. */
  threshold?: number;
}

/**
 * ln(1 + e^(beta·x)) / beta, a smooth relu.
 * @example
 * x.softplus({ beta: 2 });
 */
export const softplus = defineUnary(
  'softplus',
  {
    rule: ({ beta, threshold }: Required<SoftplusOptions>) => {
      const z = `x * ${f32Literal(beta)}`;
      const isLinear = `${z} > V(${f32Literal(threshold)})`;
      return {
        prelude: [...softplusWgsl, logistic],
        value: `select(softplusV(${z}) / ${f32Literal(beta)}, x, ${isLinear})`,
        slope: `select(logistic(${z}), V(1.0), ${isLinear})`,
      };
    },
  },
  (apply) =>
    (x: Tensor, options: SoftplusOptions = {}): Tensor => {
      assertOptions('softplus', options, ['beta', 'threshold']);
      const { beta = 1, threshold = 20 } = options;
      assertNumber('softplus', 'beta', beta);
      assertNumber('softplus', 'threshold', threshold);
      return apply([x], { beta, threshold })[0];
    },
);

/** ln σ(x) = −softplus(−x), which a sigmoid and a logarithm would lose for x below −88. */
export const logSigmoid = unary('logSigmoid', {
  prelude: [...softplusWgsl, logistic],
  value: '-softplusV(-x)',
  slope: 'logistic(-x)',
});

// tanh(ln(1 + e^x)) = n / (n + 2) with n = e^x(e^x + 2), for x > 0 divided by e^2x so that nothing overflows.
const mishWgsl = wgsl`
fn mishGate(x: V) -> V {
  let t = exp(-abs(x));
  let n = select(t * (t + 2.0), 1.0 + 2.0 * t, x >= V(0.0));
  return n / (n + select(V(2.0), 2.0 * t * t, x >= V(0.0)));
}
fn mishSlope(x: V) -> V {
  let t = mishGate(x);
  return t + x * (1.0 - t * t) * logistic(x);
}`;

/** x·tanh(softplus(x)) (Misra 2019); NaN at −∞, as in PyTorch. */
export const mish = unary('mish', {
  prelude: [logistic, mishWgsl],
  value: 'x * mishGate(x)',
  slope: 'mishSlope(x)',
});

/** x / (1 + |x|); NaN at ±∞, as in PyTorch. */
export const softsign = unary('softsign', {
  value: 'x / (1.0 + abs(x))',
  slope: '1.0 / ((1.0 + abs(x)) * (1.0 + abs(x)))',
});
