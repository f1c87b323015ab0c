// Activations that products can fuse behind a sum: tanh, relu, sigmoid and the GELUs.
//
// They use no names but `V`, which is f32 or vec4f. NaN passes through sums, products, exp and the branch of `select` taken where a
// comparison is false; `max`, `min` and `clamp` would drop it.
import { wgsl } from '../../kernel/wgsl.ts';
import type { Tensor } from '../../tensor.ts';
import { erfWgsl } from './erf-wgsl.ts';
import { slopeOf, unary, type UnaryRule } from './unary-op.ts';

// WGSL's own tanh is off by up to 1e-5 absolutely, which near 0 is everything. Below 0.6 a polynomial in x² fitted for this file.
const tanhWgsl = wgsl`
fn tanhV(x: V) -> V {
  let a = abs(x);
  let z = x * x;
  let small = a + a * z * (-0.333333 + z * (0.13331959 + z * (-0.05378668 + z * (0.020805378 + z * -0.0059058606))));
  let r = select(1.0 - 2.0 / (1.0 + exp(2.0 * a)), small, a < V(0.6));
  return select(r, -r, x < V(0.0));
}`;

export const logistic = 'fn logistic(x: V) -> V { return 1.0 / (1.0 + exp(-x)); }';

// ½(1 + tanh u) = σ(2u): one exponential, and no difference of nearly equal numbers.
const geluGate =
  'fn geluGate(x: V) -> V { return 1.0 / (1.0 + exp(-1.5957691216 * (x + 0.044715 * x * x * x))); }';
const geluSlope = wgsl`
fn geluSlope(x: V) -> V {
  let s = geluGate(x);
  return s + x * s * (1.0 - s) * 1.5957691216 * (1.0 + 0.134145 * x * x);
}`;
const quickGeluSlope = wgsl`
fn quickGeluSlope(x: V) -> V {
  let s = logistic(1.702 * x);
  return s * (1.0 + 1.702 * x * (1.0 - s));
}`;
const tanhSlope = 'fn tanhSlope(x: V) -> V { let t = tanhV(x); return 1.0 - t * t; }';
const logisticSlope = 'fn logisticSlope(x: V) -> V { let s = logistic(x); return s * (1.0 - s); }';

/** Each activation's formula and slope. */
export const rules = {
  tanh: { prelude: [tanhWgsl, tanhSlope], value: 'tanhV(x)', slope: 'tanhSlope(x)' },
  relu: {
    value: 'select(x, V(0.0), x < V(0.0))',
    slope: 'select(V(1.0), V(0.0), x <= V(0.0))',
    gradient: 'select(g, V(0.0), x <= V(0.0))',
  },
  sigmoid: { prelude: [logistic, logisticSlope], value: 'logistic(x)', slope: 'logisticSlope(x)' },
  geluNew: { prelude: [geluGate, geluSlope], value: 'x * geluGate(x)', slope: 'geluSlope(x)' },
  gelu: {
    prelude: [erfWgsl],
    value: '0.5 * x * (1.0 + erfV(x * 0.7071067812))',
    slope: '0.5 * (1.0 + erfV(x * 0.7071067812)) + x * 0.3989422804 * exp(-0.5 * x * x)',
  },
  quickGelu: {
    prelude: [logistic, quickGeluSlope],
    value: 'x * logistic(1.702 * x)',
    slope: 'quickGeluSlope(x)',
  },
} satisfies Record<string, UnaryRule>;

/** Functions that matmul and mlp can fuse behind a product. */
export type Activation = keyof typeof rules;

/** WGSL of `fn activate(x: V) -> V` and `fn activateSlope(x: V) -> V`. */
export function activationWgsl(name: Activation): string {
  const { prelude = [], value, slope }: UnaryRule = rules[name];
  return wgsl`${prelude}
fn activate(x: V) -> V { return ${value}; }
fn activateSlope(x: V) -> V { return ${slope}; }`;
}

/** g · f′(x), the gradient of an activation. */
export const unarySlope = (x: Tensor, g: Tensor, of: Activation): Tensor => slopeOf(of, rules[of], x, g);

/** tanh x, element by element; about 2e-7 relative, near 0 too. */
export const tanh = unary('tanh', rules.tanh);
/** max(x, 0), element by element; NaN stays NaN. The gradient at 0 is 0. */
export const relu = unary('relu', rules.relu);
/** σ(x) = 1 / (1 + e^−x), element by element. */
export const sigmoid = unary('sigmoid', rules.sigmoid);
/** GPT-2's tanh approximation of GELU: ½x(1 + tanh(√(2/π)(x + 0.044715x³))) (Hendrycks & Gimpel 2016, §2); NaN at −∞, as in PyTorch. */
export const geluNew = unary('geluNew', rules.geluNew);
/** Exact GELU: ½x(1 + erf(x/√2)); NaN at −∞, as in PyTorch. */
export const gelu = unary('gelu', rules.gelu);
/** CLIP's x·σ(1.702x); NaN at −∞, as in PyTorch. */
export const quickGelu = unary('quickGelu', rules.quickGelu);
