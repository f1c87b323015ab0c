// How unary ops are made: each is WGSL for f(x) and f′(x), run as one pointwise kernel in each direction.
import { assertFloat, assertInteger } from '../../arguments.ts';
import type { DType } from '../../dtype/dtype.ts';
import { runPointwise } from '../../kernel/pointwise.ts';
import { defineOp, kernelOp, type Apply, type Op, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { fill } from '../create/fill.ts';

/** A function of one value. The expressions see `x`; floats are `V`, i32 `VI`, u32 `VU`. */
export interface UnaryRule {
  /** WGSL functions used by the expressions below, one text each. */
  prelude?: readonly string[];
  /** f(x). */
  value: string;
  /** f′(x); `zero` where it is 0 everywhere, so that nothing need be computed. */
  slope?: string;
  /** The gradient from `x` and `g` where g · f′(x) will not do: 0 · ∞ is NaN, and a branch that is off passes nothing. */
  gradient?: string;
}

/** The slope of functions that are constant between their steps. */
export const zeroSlope = 'zero';

export interface UnaryKind<A> {
  /** The rule for these attributes and this dtype of x. */
  rule(attrs: A, dtype: DType): UnaryRule;
  /** Other dtypes are refused by name; default 'floats'. */
  takes?: 'floats' | 'integers' | 'all';
  /** Dtype of the result; default: that of x. */
  result?: DType;
}

interface SlopeAttrs extends Pick<UnaryRule, 'prelude'> {
  of: string;
  gradient: string;
}

const runGradient = kernelOp(
  'unarySlope',
  ([x]: readonly [Tensor, Tensor]) => [{ shape: x.shape, dtype: x.dtype }],
  (context, [x, g], [out], { of, prelude, gradient }: SlopeAttrs) =>
    runPointwise(context, { name: `${of} backward`, read: { x, g }, out, prelude, value: gradient }),
);

/** g · f′(x), the gradient of a unary function. */
export function slopeOf(of: string, rule: UnaryRule, x: Tensor, g: Tensor): Tensor {
  if (rule.slope === zeroSlope) return fill(x.device, x.shape, 0, { dtype: x.dtype });
  const gradient = rule.gradient ?? `g * (${rule.slope})`;
  return runGradient([x, g], { of, prelude: rule.prelude, gradient })[0];
}

/** A unary op with attributes, behind the signature its users see. */
export function defineUnary<A, F extends object>(
  name: string,
  { rule, takes = 'floats', result }: UnaryKind<A>,
  signature: (apply: Apply<A, readonly [Tensor]>) => F,
): Op<F> {
  const definition: OpDefinition<A, readonly [Tensor]> = {
    name,
    inputs: ['x'],
    infer([x], attrs) {
      if (takes === 'floats') assertFloat(name, 'x', x);
      if (takes === 'integers') assertInteger(name, 'x', x);
      // A rule may refuse a dtype; better before memory is taken.
      rule(attrs, x.dtype);
      return [{ shape: x.shape, dtype: result ?? x.dtype }];
    },
    launch(context, [x], [out], attrs) {
      const { prelude, value } = rule(attrs, x.dtype);
      runPointwise(context, { name, read: { x }, out, prelude, value });
    },
  };
  if (!result && takes !== 'integers')
    definition.vjp = ({ inputs: [x], attrs, grad }) => [slopeOf(name, rule(attrs, x.dtype), x, grad)];
  return defineOp(definition, signature);
}

/** A unary op without attributes. */
export const unary = (
  name: string,
  rule: UnaryRule | ((dtype: DType) => UnaryRule),
  kind: Omit<UnaryKind<object>, 'rule'> = {},
): Op<(x: Tensor) => Tensor> =>
  defineUnary<object, (x: Tensor) => Tensor>(
    name,
    { rule: (_, dtype) => (typeof rule === 'function' ? rule(dtype) : rule), ...kind },
    (apply) => (x) => apply([x], {})[0],
  );
