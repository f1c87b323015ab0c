// Signs and whole parts. They take whole numbers too; rounding leaves these as they are.
import { DTypeError } from '../../core/errors.ts';
import { isFloat, type DType } from '../../dtype/dtype.ts';
import type { Op } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { unary, zeroSlope } from './unary-op.ts';

const rounding = (name: 'floor' | 'ceil' | 'round' | 'trunc'): Op<(x: Tensor) => Tensor> =>
  unary(name, (dtype) => ({ value: isFloat(dtype) ? `${name}(x)` : 'x', slope: zeroSlope }), {
    takes: 'all',
  });

/** The largest whole number that is at most x; its gradient is 0. */
export const floor = rounding('floor');
/** The smallest whole number that is at least x; its gradient is 0. */
export const ceil = rounding('ceil');
/** The nearest whole number, halves to the even one; its gradient is 0. */
export const round = rounding('round');
/** x without its fraction; its gradient is 0. */
export const trunc = rounding('trunc');

/**
 * −x, of floats or i32.
 * @throws DTypeError for u32, which holds no negative numbers.
 */
export const neg = unary(
  'neg',
  (dtype) => {
    if (dtype === 'u32')
      throw new DTypeError('neg: x is u32, which holds no negative numbers; cast it to i32 or f32 first');
    return { value: '-x', gradient: '-g' };
  },
  { takes: 'all' },
);

/** |x|; the gradient at 0 is 0. The smallest i32 has no absolute value in i32 and stays as it is. */
export const abs = unary(
  'abs',
  (dtype) => ({
    value: dtype === 'u32' ? 'x' : 'abs(x)',
    gradient: 'select(select(V(0.0), g, x > V(0.0)), -g, x < V(0.0))',
  }),
  { takes: 'all' },
);

const signOf: Record<DType, string> = {
  f32: 'V(x > V(0.0)) - V(x < V(0.0))',
  f16: 'V(x > V(0.0)) - V(x < V(0.0))',
  i32: 'sign(x)',
  u32: 'min(x, VU(1u))',
};

/** −1, 0 or 1; its gradient is 0. NaN gives 0, as in PyTorch. */
export const sign = unary('sign', (dtype) => ({ value: signOf[dtype], slope: zeroSlope }), {
  takes: 'all',
});
