// Checks of unary functions: each function in float64, and the samples that tests are made from.
import type { OpCheck, SampleInput } from '../../check.ts';
import type { Tensor } from '../../tensor.ts';
import type { Activation } from './activations.ts';

/** The error function in double precision: a series, and a continued fraction where that is slow. */
export const erf = (x: number): number => {
  const a = Math.abs(x);
  if (a < 3) {
    let term = a;
    let total = a;
    for (let n = 1; n < 200; n++) {
      term *= (-a * a) / n;
      total += term / (2 * n + 1);
      if (Math.abs(term) < 1e-17) break;
    }
    return (Math.sign(x) * 2 * total) / Math.sqrt(Math.PI);
  }
  let f = 0;
  for (let n = 60; n > 0; n--) f = n / 2 / (a + f);
  return Math.sign(x) * (1 - Math.exp(-a * a) / (a + f) / Math.sqrt(Math.PI));
};
export const sigmoidJs = (x: number): number => 1 / (1 + Math.exp(-x));
const c = Math.sqrt(2 / Math.PI);

/** The activations in float64. */
export const activationFunctions: Record<Activation, { js(x: number): number }> = {
  tanh: { js: Math.tanh },
  relu: { js: (x) => Math.max(x, 0) },
  sigmoid: { js: sigmoidJs },
  geluNew: { js: (x) => 0.5 * x * (1 + Math.tanh(c * (x + 0.044715 * x ** 3))) },
  gelu: { js: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)) },
  quickGelu: { js: (x) => x * sigmoidJs(1.702 * x) },
};

/** The check of a unary function: with gradients in vectors of four, forward by single elements too. */
export function unaryCheck<A extends object = object>(
  js: (x: number, attrs: A) => number,
  { attrs = {} as A, ...input }: Omit<SampleInput, 'shape'> & { attrs?: A } = {},
): OpCheck<A, readonly [Tensor]> {
  return {
    reference: ([x], given) => [{ shape: x.shape, data: x.data.map((v) => js(v, given)) }],
    samples: [
      { inputs: [{ range: [-3, 3], ...input, shape: [1, 72] }], attrs },
      { inputs: [{ range: [-3, 3], ...input, shape: [5] }], attrs, checkGrad: [] },
      { inputs: [{ range: [-3, 3], ...input, shape: [0] }], attrs },
    ],
  };
}

/** The check of an activation. */
export const activationCheck = (name: Activation): OpCheck<object, readonly [Tensor]> =>
  unaryCheck(activationFunctions[name].js);
