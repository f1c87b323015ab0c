// Unary functions: activations and elementary ones. Each is one entry: WGSL, derivative, JavaScript.
//
// `V` is f32 or vec4f. Arguments of tanh and exp are clamped: WGSL may assume that no infinity arises.
import { runPointwise } from '../../kernel/pointwise.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { assertFloat } from '../../arguments.ts';
import { defineOp, kernelOp, type Op, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

interface Rule {
  /** WGSL functions used by the expressions below. */
  prelude?: readonly string[];
  /** f(x) in WGSL. */
  value: string;
  /** f′(x) in WGSL. */
  slope: string;
}

// Abramowitz & Stegun 7.1.26 is only good to 1.5e-7 absolute; that is f32's own resolution of erf near 1.
const erfWgsl = wgsl`
fn erf(x: V) -> V {
  let a = abs(x);
  let t = 1.0 / (1.0 + 0.3275911 * a);
  let p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return sign(x) * (1.0 - p * exp(-min(a * a, V(80.0))));
}`;

const safeTanh = 'fn safeTanh(x: V) -> V { return tanh(clamp(x, V(-15.0), V(15.0))); }';
const logistic = 'fn logistic(x: V) -> V { return 1.0 / (1.0 + exp(-clamp(x, V(-80.0), V(80.0)))); }';

const geluInner = 'fn geluInner(x: V) -> V { return safeTanh(0.7978845608 * (x + 0.044715 * x * x * x)); }';
const geluSlope = wgsl`
fn geluSlope(x: V) -> V {
  let t = geluInner(x);
  return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * 0.7978845608 * (1.0 + 0.134145 * x * x);
}`;

export const rules = {
  /** tanh x */
  tanh: { prelude: [safeTanh], value: 'safeTanh(x)', slope: '1.0 - safeTanh(x) * safeTanh(x)' },
  /** max(x, 0) */
  relu: {
    value: 'max(x, V(0.0))',
    slope: 'select(V(0.0), V(1.0), x > V(0.0))',
  },
  /** 1 / (1 + e^−x) */
  sigmoid: {
    prelude: [logistic],
    value: 'logistic(x)',
    slope: 'logistic(x) * (1.0 - logistic(x))',
  },
  /** GPT-2's tanh approximation of GELU: ½x(1 + tanh(√(2/π)(x + 0.044715x³))) (Hendrycks & Gimpel 2016, §2) */
  geluNew: {
    prelude: [safeTanh, geluInner, geluSlope],
    value: '0.5 * x * (1.0 + geluInner(x))',
    slope: 'geluSlope(x)',
  },
  /** Exact GELU: ½x(1 + erf(x/√2)) */
  gelu: {
    prelude: [erfWgsl],
    value: '0.5 * x * (1.0 + erf(x * 0.7071067812))',
    slope: '0.5 * (1.0 + erf(x * 0.7071067812)) + x * 0.3989422804 * exp(-min(0.5 * x * x, V(80.0)))',
  },
  /** CLIP's x·σ(1.702x) */
  quickGelu: {
    prelude: [logistic],
    value: 'x * logistic(1.702 * x)',
    slope: 'logistic(1.702 * x) * (1.0 + 1.702 * x * (1.0 - logistic(1.702 * x)))',
  },
  /** e^x, for x ≤ 88 */
  exp: { value: 'exp(min(x, V(88.0)))', slope: 'exp(min(x, V(88.0)))' },
  /** ln x, for x > 0 */
  log: { value: 'log(x)', slope: '1.0 / x' },
  /** √x, for x ≥ 0 */
  sqrt: { value: 'sqrt(x)', slope: '0.5 / sqrt(x)' },
  /** x² */
  square: { value: 'x * x', slope: '2.0 * x' },
} satisfies Record<string, Rule>;

/** Functions that matmul and mlp can fuse behind a product. */
export type Activation = 'tanh' | 'relu' | 'sigmoid' | 'geluNew' | 'gelu' | 'quickGelu';

/** WGSL of `fn activate(x: V) -> V` and `fn activateSlope(x: V) -> V`. */
export function activationWgsl(name: Activation): string {
  const { prelude = [], value, slope }: Rule = rules[name];
  return wgsl`${prelude}
fn activate(x: V) -> V { return ${value}; }
fn activateSlope(x: V) -> V { return ${slope}; }`;
}

export type UnaryName = keyof typeof rules;

/** g · f′(x), the gradient of a unary function. */
const slopeBackward = kernelOp(
  'unarySlope',
  ([x]: readonly [Tensor, Tensor]) => [{ shape: x.shape, dtype: x.dtype }],
  (context, [x, g], [out], { of }: { of: UnaryName }) => {
    const { prelude = [], slope }: Rule = rules[of];
    runPointwise(context, {
      name: `${of} backward`,
      read: { x, g },
      out,
      prelude,
      value: `g * (${slope})`,
    });
  },
);

export const unarySlope = (x: Tensor, g: Tensor, of: UnaryName): Tensor => slopeBackward([x, g], { of })[0];

function defineUnary(name: UnaryName): Op<(x: Tensor) => Tensor> {
  const { prelude = [], value }: Rule = rules[name];
  const definition: OpDefinition<object, readonly [Tensor]> = {
    name,
    inputs: ['x'],
    infer([x]) {
      assertFloat(name, 'x', x);
      return [{ shape: x.shape, dtype: x.dtype }];
    },
    launch(context, [x], [out]) {
      runPointwise(context, { name, read: { x }, out, prelude, value });
    },
    vjp: ({ inputs: [x], grad }) => [unarySlope(x, grad, name)],
  };
  return defineOp(
    definition,
    (apply) =>
      (x: Tensor): Tensor =>
        apply([x], {})[0],
  );
}

export const tanh = defineUnary('tanh');
export const relu = defineUnary('relu');
export const sigmoid = defineUnary('sigmoid');
export const geluNew = defineUnary('geluNew');
export const gelu = defineUnary('gelu');
export const quickGelu = defineUnary('quickGelu');
export const exp = defineUnary('exp');
export const log = defineUnary('log');
export const sqrt = defineUnary('sqrt');
export const square = defineUnary('square');
