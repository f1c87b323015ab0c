// Questions about single values. The answers are masks: u32 tensors of 0 and 1.
import { isFloat, type DType } from '../../dtype/dtype.ts';
import { unary } from './unary-op.ts';

/** WGSL of a mask from WGSL of a truth value. */
export const maskOf = (truth: string): string => `select(VU(0u), VU(1u), ${truth})`;

/** WGSL that is true where the value is not 0; NaN is not 0. */
export const isTrue = (x: string, dtype: DType): string =>
  isFloat(dtype) ? `((${x} != V(0.0)) | nanV(${x}))` : `(${x} != ${dtype === 'i32' ? 'VI(0)' : 'VU(0u)'})`;

const about = { takes: 'all', result: 'u32' } as const;
/** Whole numbers are all finite. */
const ofFloats =
  (truth: string, ofIntegers: '0u' | '1u') =>
  (dtype: DType): { value: string } => ({ value: isFloat(dtype) ? maskOf(truth) : `VU(${ofIntegers})` });

/** 1 where x is NaN. */
export const isnan = unary('isnan', ofFloats('nanV(x)', '0u'), about);
/** 1 where x is ∞ or −∞. */
export const isinf = unary('isinf', ofFloats('infV(x)', '0u'), about);
/** 1 where x is neither infinite nor NaN. */
export const isfinite = unary('isfinite', ofFloats('!(nanV(x) | infV(x))', '1u'), about);
/** 1 where x is 0. NaN counts as true, so it gives 0. */
export const logicalNot = unary(
  'logicalNot',
  (dtype) => ({ value: maskOf(`!${isTrue('x', dtype)}`) }),
  about,
);

/**
 * The whole number with all bits the other way round.
 * @throws DTypeError for floats.
 */
export const bitwiseNot = unary('bitwiseNot', { value: '~x' }, { takes: 'integers' });
