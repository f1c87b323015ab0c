// Checks of the binary ops.
import type { AnyCheck } from '../../check.ts';
import { binaryCheck } from './arithmetic.check.ts';

const integers = { dtype: 'i32', range: [-3, 4] } as const;
const positive = { range: [0.5, 2] } as const;
const wide = { range: [-9, 9] } as const;

/** A comparison, or logic: of whole numbers, since random floats are never equal. */
const ofIntegers = (name: string, js: (a: number, b: number) => number | boolean): AnyCheck =>
  binaryCheck(name, (a, b) => Number(js(a, b)), { a: integers, b: integers });
const bits = (name: string, js: (a: number, b: number) => number, most: number): AnyCheck =>
  binaryCheck(name, js, {
    a: { dtype: 'i32', range: [-1000, 1000] },
    b: { dtype: 'i32', range: [0, most] },
  });
const floorMod = (a: number, b: number): number => a - b * Math.floor(a / b);

export const binaryChecks = {
  add: binaryCheck('add', (a, b) => a + b, { allPairs: true }),
  sub: binaryCheck('sub', (a, b) => a - b, { allPairs: true }),
  mul: binaryCheck('mul', (a, b) => a * b, { allPairs: true }),
  div: binaryCheck('div', (a, b) => a / b, { b: positive, allPairs: true }),
  minimum: binaryCheck('minimum', Math.min),
  maximum: binaryCheck('maximum', Math.max),
  pow: binaryCheck('pow', (a, b) => a ** b, { a: positive, b: { range: [-3, 3] } }),
  atan2: binaryCheck('atan2', Math.atan2),
  fmod: binaryCheck('fmod', (a, b) => a % b, { a: wide, b: positive }),
  remainder: binaryCheck('remainder', floorMod, { a: wide, b: { range: [-2, -0.5] } }),
  floorDivide: binaryCheck('floorDivide', (a, b) => Math.floor(a / b), { a: wide, b: positive }),
  eq: ofIntegers('eq', (a, b) => a === b),
  ne: ofIntegers('ne', (a, b) => a !== b),
  lt: ofIntegers('lt', (a, b) => a < b),
  le: ofIntegers('le', (a, b) => a <= b),
  gt: binaryCheck('gt', (a, b) => Number(a > b)),
  ge: binaryCheck('ge', (a, b) => Number(a >= b)),
  logicalAnd: ofIntegers('logicalAnd', (a, b) => a !== 0 && b !== 0),
  logicalOr: ofIntegers('logicalOr', (a, b) => a !== 0 || b !== 0),
  logicalXor: ofIntegers('logicalXor', (a, b) => (a !== 0) !== (b !== 0)),
  bitwiseAnd: bits('bitwiseAnd', (a, b) => a & b, 1000),
  bitwiseOr: bits('bitwiseOr', (a, b) => a | b, 1000),
  bitwiseXor: bits('bitwiseXor', (a, b) => a ^ b, 1000),
  bitwiseLeftShift: bits('bitwiseLeftShift', (a, b) => (b > 31 ? 0 : a << b), 40),
  bitwiseRightShift: bits('bitwiseRightShift', (a, b) => a >> Math.min(b, 31), 40),
} satisfies Record<string, AnyCheck>;
