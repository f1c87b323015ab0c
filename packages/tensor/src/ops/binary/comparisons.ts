// Comparisons. The answers are masks: u32 tensors of 0 and 1. NaN equals nothing, itself included, and is neither less nor more.
import type { Op } from '../../op.ts';
import { maskOf } from '../unary/predicates.ts';
import { binary, type BinaryFunction } from './binary-op.ts';

// A compiler may take x == x and x <= x for true, hence the test for NaN.
const comparison = (name: string, sign: string): Op<BinaryFunction> =>
  binary(name, {
    value: (x, y, { dtype }) =>
      maskOf(dtype === 'f32' ? `(${x} ${sign} ${y}) & !nanV(${x})` : `${x} ${sign} ${y}`),
    result: 'u32',
  });

/**
 * 1 where a = b, else 0, broadcast.
 * @example
 * x.eq(0).cast('f32').sum(); // how many zeros
 */
export const eq = comparison('eq', '==');
/** 1 where a ≠ b, else 0, broadcast; 1 where either is NaN. */
export const ne = binary('ne', {
  value: (x, y, { dtype }) =>
    maskOf(dtype === 'f32' ? `(${x} != ${y}) | nanV(${x}) | nanV(${y})` : `${x} != ${y}`),
  result: 'u32',
});
/** 1 where a < b, else 0, broadcast. */
export const lt = comparison('lt', '<');
/** 1 where a ≤ b, else 0, broadcast. */
export const le = comparison('le', '<=');
/** 1 where a > b, else 0, broadcast. */
export const gt = comparison('gt', '>');
/** 1 where a ≥ b, else 0, broadcast. */
export const ge = comparison('ge', '>=');
