// pow: powers with an exponent that is a tensor or a number.
import { DTypeError } from '../../core/errors.ts';
import { numberLiteral } from '../../kernel/pointwise.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { exp2Wgsl, log2Wgsl, logWgsl } from '../unary/exponential-wgsl.ts';
import { binary } from './binary-op.ts';

// 2^(y log2 |x|), with the sign and the exceptions of IEEE 754's pow. Numbers from 2²⁴ on are all even.
const powWgsl = wgsl`
fn powV(x: V, y: V) -> V {
  let a = abs(x);
  let isWhole = floor(y) == y;
  let isOdd = isWhole & (abs(y) < V(16777216.0)) & (floor(y * 0.5) * 2.0 != y);
  let size = exp2V(select(y * log2V(a), V(0.0), (a == V(1.0)) & !nanV(y)));
  let isNegative = bitcast<VI>(x) < VI(0);
  let signed = select(size, -size, isNegative & isOdd);
  let real = select(signed, V(notANumber()), (x < V(0.0)) & !isWhole & !infV(x));
  return select(real, V(1.0), (y == V(0.0)) | (x == V(1.0)));
}
fn powSlopeBase(x: V, y: V) -> V { return select(y * powV(x, y - 1.0), V(0.0), y == V(0.0)); }
fn powSlopeExponent(x: V, y: V) -> V {
  return select(powV(x, y) * logV(x), V(0.0), (x == V(0.0)) & (y >= V(0.0)));
}`;

// Squares as many times as an exponent has bits. A negative one leaves 0, but for bases of 1 and −1.
const integerPow = (dtype: 'i32' | 'u32'): string => {
  const [type, one] = dtype === 'i32' ? ['VI', '1'] : ['VU', '1u'];
  const negative =
    dtype === 'i32' &&
    'r = select(r, select(VI(0), select(x, x * x, (y & VI(1)) == VI(0)), abs(x) == VI(1)), y < VI(0));';
  return wgsl`
fn pow${type}(x: ${type}, y: ${type}) -> ${type} {
  var r = ${type}(${one});
  var base = x;
  var left = VU(y);
  while (any(left != VU(0u))) {
    r = select(r, r * base, (left & VU(1u)) != VU(0u));
    base = base * base;
    left = left >> VU(1u);
  }
  ${negative}
  return r;
}`;
};

/** x^n for a number n that needs no logarithm, which is then exact where the power is; undefined for others. */
function simplePower(x: string, n: number): string | undefined {
  if (n === 0.5) return `sqrt(${x})`;
  if (n === -0.5) return `inverseSqrt(${x})`;
  if (!Number.isInteger(n) || Math.abs(n) > 4) return undefined;
  const power = Array.from({ length: Math.abs(n) }, () => x).join(' * ');
  if (n === 0) return 'V(1.0)';
  return n > 0 ? power : `1.0 / (${power})`;
}

/**
 * a^b, broadcast; either may be a number. A negative base has powers with whole exponents, others are NaN; x^0 and 1^y are 1,
 * even for NaN. Exponents that are the numbers −4 to 4 or ±½ give the accuracy of products and roots, all others a relative
 * error of about 1e-7 · |b · log₂ a|. Whole numbers wrap beyond 32 bits. Gradients: b·a^(b−1), and a^b·ln a, which is 0 for a = 0
 * and b ≥ 0.
 * @throws DTypeError for whole numbers and a negative number as exponent.
 * @example
 * x.pow(2);
 * pow(2, x);
 */
export const pow = binary('pow', {
  prelude: (dtype) =>
    dtype === 'f32' ? [...new Set([...exp2Wgsl, ...log2Wgsl, ...logWgsl, powWgsl])] : [integerPow(dtype)],
  value: (x, y, { dtype, numbers: [, b] }) => {
    if (dtype !== 'f32') {
      if (b !== undefined && b < 0)
        throw new DTypeError(
          `pow: b is ${b}, but whole numbers have no negative powers; cast a to f32 first`,
        );
      return `pow${dtype === 'i32' ? 'VI' : 'VU'}(${x}, ${y})`;
    }
    return (b === undefined ? undefined : simplePower(x, b)) ?? `powV(${x}, ${y})`;
  },
  gradients: [
    (x, y, { numbers: [, b] }) => {
      if (b === 0) return 'V(0.0)';
      const slope = b === undefined ? undefined : simplePower(x, b - 1);
      return slope === undefined
        ? `g * powSlopeBase(${x}, ${y})`
        : `g * (${numberLiteral(b!, 'f32')} * (${slope}))`;
    },
    (x, y) => `g * powSlopeExponent(${x}, ${y})`,
  ],
});
