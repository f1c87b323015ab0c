// The dtype of a result whose operands have different ones. Every op that mixes dtypes asks here.
//
// | operands                    | result                                                             |
// |-----------------------------|--------------------------------------------------------------------|
// | f16 with f32                | f32                                                                |
// | f16 or f32 with i32 or u32  | the float dtype                                                    |
// | i32 with u32                | i32; values from 2³¹ on wrap                                       |
// | a float dtype with a number | the float dtype                                                    |
// | i32 or u32 with a number    | its dtype for a whole number, i32 for u32 with a negative one, else f32 |
//
// A whole number that the integer dtype cannot hold is refused, since it would wrap.
import { DTypeError } from '../core/errors.ts';
import { integerRange, isFloat, type DType } from './dtype.ts';

/** The dtype that holds what is computed from both. */
export function promote(a: DType, b: DType): DType {
  if (a === b) return a;
  if (isFloat(a) !== isFloat(b)) return isFloat(a) ? a : b;
  return isFloat(a) ? 'f32' : 'i32';
}

/**
 * The dtype of a result of a tensor of `dtype` and a JavaScript number.
 * @throws DTypeError for a whole number that i32 or u32 cannot hold.
 */
export function promoteNumber(op: string, argument: string, dtype: DType, number: number): DType {
  if (dtype === 'f32' || dtype === 'f16') return dtype;
  if (!Number.isInteger(number)) return 'f32';
  const wanted = number < 0 ? 'i32' : dtype;
  const [low, high] = integerRange[wanted];
  if (number < low || number > high)
    throw new DTypeError(
      `${op}: ${argument} is ${number}, which ${wanted} cannot hold (${low} … ${high}); cast the tensor to f32 first`,
    );
  return wanted;
}
