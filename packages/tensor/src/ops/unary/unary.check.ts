// Checks of the unary functions other than the activations that products fuse.
import type { AnyCheck } from '../../check.ts';
import { erf, sigmoidJs, unaryCheck } from './activations.check.ts';
import type { ClampOptions } from './clamp.ts';
import type { SoftplusOptions } from './smooth-activations.ts';

const softplusJs = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const within = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
const sixth = (x: number): number => within(x / 6 + 0.5, 0, 1);
const roundHalfToEven = (x: number): number => {
  const down = Math.floor(x);
  const rest = x - down;
  return rest === 0.5 ? down + (down % 2 === 0 ? 0 : 1) : Math.round(x);
};
/** Beyond the place where functions like floor jump, so that differences of the reference are those of a flat piece. */
const halves = { values: Array.from({ length: 72 }, (_, i) => (i - 36) / 4 + 0.1) };
const integers = { dtype: 'i32', range: [-20, 20] } as const;
const positive = { range: [0.1, 3] } as const;

export const unaryChecks = {
  silu: unaryCheck((x) => x * sigmoidJs(x)),
  softplus: unaryCheck<Required<SoftplusOptions>>(
    (x, { beta, threshold }) => (x * beta > threshold ? x : softplusJs(x * beta) / beta),
    { attrs: { beta: 2, threshold: 4 } },
  ),
  logSigmoid: unaryCheck((x) => -softplusJs(-x)),
  mish: unaryCheck((x) => x * Math.tanh(softplusJs(x))),
  softsign: unaryCheck((x) => x / (1 + Math.abs(x))),
  elu: unaryCheck((x, { value }) => (x > 0 ? x : value * Math.expm1(x)), { attrs: { value: 1.5 } }),
  selu: unaryCheck((x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x))),
  celu: unaryCheck((x, { value }) => (x > 0 ? x : value * Math.expm1(x / value)), { attrs: { value: 0.5 } }),
  leakyRelu: unaryCheck((x, { value }) => (x > 0 ? x : value * x), { attrs: { value: 0.2 } }),
  hardSigmoid: unaryCheck(sixth, { range: [-5, 5] }),
  hardSwish: unaryCheck((x) => x * sixth(x), { range: [-5, 5] }),
  hardTanh: unaryCheck((x, { min, max }) => within(x, min, max), { attrs: { min: -0.5, max: 2 } }),
  exp: unaryCheck(Math.exp),
  exp2: unaryCheck((x) => 2 ** x),
  expm1: unaryCheck(Math.expm1),
  log: unaryCheck(Math.log, positive),
  log2: unaryCheck(Math.log2, positive),
  log1p: unaryCheck(Math.log1p, { range: [-0.9, 3] }),
  sqrt: unaryCheck(Math.sqrt, positive),
  rsqrt: unaryCheck((x) => 1 / Math.sqrt(x), positive),
  reciprocal: unaryCheck((x) => 1 / x, { range: [-3, -0.3] }),
  square: unaryCheck((x) => x * x),
  erf: unaryCheck(erf),
  sin: unaryCheck(Math.sin, { range: [-10, 10] }),
  cos: unaryCheck(Math.cos, { range: [-10, 10] }),
  tan: unaryCheck(Math.tan, { range: [-1.3, 1.3] }),
  asin: unaryCheck(Math.asin, { range: [-0.95, 0.95] }),
  acos: unaryCheck(Math.acos, { range: [-0.95, 0.95] }),
  atan: unaryCheck(Math.atan),
  sinh: unaryCheck(Math.sinh),
  cosh: unaryCheck(Math.cosh),
  asinh: unaryCheck(Math.asinh),
  acosh: unaryCheck(Math.acosh, { range: [1.2, 4] }),
  atanh: unaryCheck(Math.atanh, { range: [-0.9, 0.9] }),
  neg: unaryCheck((x) => -x),
  abs: unaryCheck(Math.abs),
  sign: unaryCheck(Math.sign),
  floor: unaryCheck(Math.floor, halves),
  ceil: unaryCheck(Math.ceil, halves),
  round: unaryCheck(roundHalfToEven, halves),
  trunc: unaryCheck(Math.trunc, halves),
  clamp: unaryCheck<ClampOptions>((x, { min, max }) => within(x, min!, max!), {
    attrs: { min: -1, max: 0.5 },
  }),
  isnan: unaryCheck((x) => Number(Number.isNaN(x))),
  isinf: unaryCheck((x) => Number(Math.abs(x) === Infinity)),
  isfinite: unaryCheck((x) => Number(Number.isFinite(x))),
  logicalNot: unaryCheck((x) => Number(x === 0), { range: [-2, 2], dtype: 'i32' }),
  bitwiseNot: unaryCheck((x) => ~x, integers),
} satisfies Record<string, AnyCheck>;
