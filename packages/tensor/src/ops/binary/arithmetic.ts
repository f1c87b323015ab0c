// add, sub, mul, div, minimum, maximum with broadcasting; either operand may be a number.
//
// A compiler may take x · 0 and x − x for 0, whatever x is. Where the op knows that it is so, it asks for NaN itself.
import { assertFloat, assertNumber } from '../../arguments.ts';
import { numberLiteral, runPointwise } from '../../kernel/pointwise.ts';
import { f32Literal } from '../../kernel/wgsl.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { binary, type BinaryText } from './binary-op.ts';

/** 0, or NaN where x is not finite. */
const zeroUnlessInfinite = (x: string): string => `select(V(0.0), V(notANumber()), nanV(${x}) | infV(${x}))`;

/** x / y, where y may be the number 0: dividing by a constant 0 is the compiler's to fold, multiplying by ∞ is not. */
export const quotient: BinaryText = (x, y, { numbers: [, b] }) =>
  b === 0 ? `${x} * V(${f32Literal(1 / b)})` : `${x} / ${y}`;

/** x · y, where one may be the number 0. */
const product: BinaryText = (x, y, { dtype, numbers: [a, b] }) => {
  if (dtype === 'f32' && b === 0) return zeroUnlessInfinite(x);
  if (dtype === 'f32' && a === 0) return zeroUnlessInfinite(y);
  return `${x} * ${y}`;
};

/**
 * a + b, broadcast by NumPy's rule.
 * @throws DTypeError for a number that the tensor's integer dtype cannot hold.
 * @example
 * x.add(bias);
 * x.add(1);
 */
export const add = binary('add', { value: (x, y) => `${x} + ${y}`, gradients: ['g', 'g'] });

/**
 * a − b, broadcast. u32 wraps below 0.
 * @example
 * sub(1, x);
 */
export const sub = binary('sub', {
  value: (x, y, { isSame, dtype }) => (isSame && dtype === 'f32' ? zeroUnlessInfinite(x) : `${x} - ${y}`),
  gradients: ['g', () => '-g'],
});

/** a · b element by element, broadcast. Whole numbers wrap beyond 32 bits. */
export const mul = binary('mul', {
  value: product,
  gradients: [
    (_, y, { numbers: [, b] }) => (b === 0 ? zeroUnlessInfinite('g') : `g * ${y}`),
    (x, _, { numbers: [a] }) => (a === 0 ? zeroUnlessInfinite('g') : `g * ${x}`),
  ],
});

/**
 * a / b, broadcast; whole numbers give f32. A number over 0 is ±∞, and 0 / 0 NaN.
 * @example
 * div(1, x);
 */
export const div = binary('div', {
  inFloats: true,
  value: quotient,
  gradients: [(_, y, facts) => quotient('g', y, facts), (x, y) => `-g * ((${x} / ${y}) / ${y})`],
});

/** The larger or smaller of two; NaN where either is, which WGSL's `max` and `min` may drop. */
const extreme =
  (compare: '<' | '>'): BinaryText =>
  (x, y, { dtype }) => {
    const chosen = `select(${x}, ${y}, ${y} ${compare} ${x})`;
    return dtype === 'f32' ? `select(${chosen}, ${y}, nanV(${y}))` : chosen;
  };

/** All of the gradient goes to the one that is taken; each of two equal ones gets half. */
const share = (g: string, mine: string, other: string, lost: '<' | '>'): string =>
  `select(select(${g}, V(0.0), ${mine} ${lost} ${other}), 0.5 * ${g}, ${mine} == ${other})`;

/** The larger of a and b, broadcast; NaN where either is. Equal values share the gradient. */
export const maximum = binary('maximum', {
  value: extreme('>'),
  gradients: [(x, y) => share('g', x, y, '<'), (x, y) => share('g', y, x, '<')],
});

/** The smaller of a and b, broadcast; NaN where either is. Equal values share the gradient. */
export const minimum = binary('minimum', {
  value: extreme('<'),
  gradients: [(x, y) => share('g', x, y, '>'), (x, y) => share('g', y, x, '>')],
});

const affineDefinition: OpDefinition<{ scale: number; shift: number }, readonly [Tensor]> = {
  name: 'affine',
  inputs: ['x'],
  infer([x]) {
    assertFloat('affine', 'x', x);
    return [{ shape: x.shape, dtype: x.dtype }];
  },
  launch(context, [x], [out], { scale, shift }) {
    const scaled = scale === 0 ? zeroUnlessInfinite('x') : `x * ${numberLiteral(scale, 'f32')}`;
    const value = `${scaled} + ${numberLiteral(shift, 'f32')}`;
    runPointwise(context, { name: 'affine', read: { x }, out, value });
  },
  vjp: ({ grad, attrs: { scale } }) => [scale === 1 ? grad : affine(grad, scale, 0)],
};

/** `x · scale + shift` with two numbers. */
export const affine = defineOp(affineDefinition, (apply) => (x: Tensor, scale: number, shift = 0): Tensor => {
  assertNumber('affine', 'scale', scale);
  assertNumber('affine', 'shift', shift);
  return apply([x], { scale, shift })[0];
});
