// Checks of unary functions: each function in float64, and the samples that tests are made from.
import type { OpCheck } from '../../check.ts';
import type { Tensor } from '../../tensor.ts';
import type { UnaryName } from './activations.ts';

const erf = (x: number): number => {
  // Series and continued fraction: double precision for references.
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
const sigmoidJs = (x: number): number => 1 / (1 + Math.exp(-x));
const c = Math.sqrt(2 / Math.PI);

/** The functions in float64, and the range of their samples (default [-3, 3]). */
export const unaryFunctions: Record<UnaryName, { js(x: number): number; range?: readonly [number, number] }> =
  {
    tanh: { js: Math.tanh },
    relu: { js: (x) => Math.max(x, 0) },
    sigmoid: { js: sigmoidJs },
    geluNew: { js: (x) => 0.5 * x * (1 + Math.tanh(c * (x + 0.044715 * x ** 3))) },
    gelu: { js: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)) },
    quickGelu: { js: (x) => x * sigmoidJs(1.702 * x) },
    exp: { js: Math.exp },
    log: { js: Math.log, range: [0.1, 3] },
    sqrt: { js: Math.sqrt, range: [0.1, 3] },
    square: { js: (x) => x * x },
  };

/** The check of one unary function. */
export function unaryCheck(name: UnaryName): OpCheck<object, readonly [Tensor]> {
  const { js, range = [-3, 3] } = unaryFunctions[name];
  return {
    reference: ([x]) => [{ shape: x.shape, data: x.data.map(js) }],
    samples: [[4, 6], [7], [1], [0], [5, 13]].map((shape) => ({ inputs: [{ shape, range }], attrs: {} })),
  };
}
