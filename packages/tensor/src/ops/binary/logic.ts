// Logic of truth values (what is not 0 is true, NaN too; the answers are masks of 0 and 1) and of the bits of whole numbers.
import { isTrue, maskOf } from '../unary/predicates.ts';
import { binary } from './binary-op.ts';

/** 1 where a and b are both not 0, broadcast. */
export const logicalAnd = binary('logicalAnd', {
  value: (x, y, { dtype }) => maskOf(`${isTrue(x, dtype)} & ${isTrue(y, dtype)}`),
  result: 'u32',
});
/** 1 where a or b is not 0, broadcast. */
export const logicalOr = binary('logicalOr', {
  value: (x, y, { dtype }) => maskOf(`${isTrue(x, dtype)} | ${isTrue(y, dtype)}`),
  result: 'u32',
});
/** 1 where exactly one of a and b is not 0, broadcast. */
export const logicalXor = binary('logicalXor', {
  value: (x, y, { dtype }) => maskOf(`${isTrue(x, dtype)} != ${isTrue(y, dtype)}`),
  result: 'u32',
});

/** The bits that a and b both have; whole numbers only, broadcast. */
export const bitwiseAnd = binary('bitwiseAnd', { value: (x, y) => `${x} & ${y}`, takes: 'integers' });
/** The bits that a or b has; whole numbers only, broadcast. */
export const bitwiseOr = binary('bitwiseOr', { value: (x, y) => `${x} | ${y}`, takes: 'integers' });
/** The bits that exactly one of a and b has; whole numbers only, broadcast. */
export const bitwiseXor = binary('bitwiseXor', { value: (x, y) => `${x} ^ ${y}`, takes: 'integers' });

/** a · 2^b within 32 bits: what is shifted out is lost, and for b ≥ 32 that is all. */
export const bitwiseLeftShift = binary('bitwiseLeftShift', {
  value: (x, y, { dtype }) => {
    const zero = dtype === 'i32' ? 'VI(0)' : 'VU(0u)';
    return `select(${x} << (VU(${y}) & VU(31u)), ${zero}, VU(${y}) > VU(31u))`;
  },
  takes: 'integers',
});
/** a / 2^b, rounded down; for b ≥ 32 that is 0, or −1 for negative numbers. */
export const bitwiseRightShift = binary('bitwiseRightShift', {
  value: (x, y, { dtype }) => {
    const all = dtype === 'i32' ? `${x} >> VU(31u)` : 'VU(0u)';
    return `select(${x} >> (VU(${y}) & VU(31u)), ${all}, VU(${y}) > VU(31u))`;
  },
  takes: 'integers',
});
