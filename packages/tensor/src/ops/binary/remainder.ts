// Remainders and whole quotients: fmod, remainder, floorDivide.
import { DTypeError } from '../../core/errors.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import type { Op } from '../../op.ts';
import { quotient } from './arithmetic.ts';
import { binary, type BinaryFunction, type BinaryRule } from './binary-op.ts';

// Subtracts b · 2^k, from the largest k on, as in a division by hand: each step is exact, where x − y · trunc(x / y) is not. What has
// no remainder is replaced by 0 and 1 for the loops, since an infinite value or a divisor of 0 would keep them running.
const fmodWgsl = wgsl`
fn fmodV(x: V, y: V) -> V {
  let none = nanV(x) | infV(x) | nanV(y) | (abs(y) < V(1.17549435e-38));
  let b = select(abs(y), V(1.0), none | infV(y));
  var r = select(abs(x), V(0.0), none | infV(y));
  var t = b;
  while (any(t <= r * 0.5)) { t = select(t, t * 2.0, t <= r * 0.5); }
  while (any(t >= b)) {
    r = select(r, r - t, (r >= t) & (t >= b));
    t = t * 0.5;
  }
  let signed = select(select(r, -r, x < V(0.0)), x, infV(y));
  return select(signed, V(notANumber()), none);
}`;
const remainderWgsl = wgsl`
fn remainderV(x: V, y: V) -> V {
  let m = fmodV(x, y);
  return select(m, m + y, (m != V(0.0)) & ((m < V(0.0)) != (y < V(0.0))));
}`;
const floorDivideWgsl = wgsl`
fn floorDivideV(x: V, y: V) -> V {
  let m = fmodV(x, y);
  let q = round((x - m) / y);
  let floored = select(q, q - 1.0, (m != V(0.0)) & ((m < V(0.0)) != (y < V(0.0))));
  return select(floored, x / y, y == V(0.0));
}`;

// WGSL divides towards 0.
const integerWgsl = wgsl`
fn remainderVI(x: VI, y: VI) -> VI {
  let m = x % y;
  return select(m, m + y, (m != VI(0)) & ((m < VI(0)) != (y < VI(0))));
}
fn floorDivideVI(x: VI, y: VI) -> VI {
  let m = x % y;
  return x / y - select(VI(0), VI(1), (m != VI(0)) & ((m < VI(0)) != (y < VI(0))));
}`;

function division(
  name: 'fmod' | 'remainder' | 'floorDivide',
  gradients: BinaryRule['gradients'],
): Op<BinaryFunction> {
  const truncated = name === 'floorDivide' ? '/' : '%';
  return binary(name, {
    prelude: (dtype) =>
      dtype === 'f32' ? [fmodWgsl, remainderWgsl, floorDivideWgsl] : dtype === 'i32' ? [integerWgsl] : [],
    value: (x, y, facts) => {
      const { dtype } = facts;
      const b = facts.numbers[1];
      if (dtype !== 'f32' && b === 0) throw new DTypeError(`${name}: whole numbers have no quotient by 0`);
      if (dtype === 'f32' && b === 0)
        return name === 'floorDivide' ? quotient(x, y, facts) : 'V(notANumber())';
      if (dtype === 'u32' || (dtype === 'i32' && name === 'fmod')) return `${x} ${truncated} ${y}`;
      return `${name}V${dtype === 'i32' ? 'I' : ''}(${x}, ${y})`;
    },
    gradients,
  });
}

/**
 * The exact remainder of a / b with the sign of a, broadcast; NaN for b = 0 and for infinite a. For whole numbers b = 0 gives 0 where
 * it comes from a tensor, since a GPU cannot raise an error.
 * @throws DTypeError for whole numbers and the number 0.
 */
export const fmod = division('fmod', ['g', (x, y) => `-g * trunc(${x} / ${y})`]);

/**
 * The exact remainder of a / b with the sign of b, as Python's %, broadcast; NaN for b = 0 and for infinite a. For whole numbers b = 0
 * gives 0 where it comes from a tensor.
 * @throws DTypeError for whole numbers and the number 0.
 */
export const remainder = division('remainder', ['g', (x, y) => `-g * floorDivideV(${x}, ${y})`]);

/**
 * The largest whole number that is at most a / b, broadcast; ±∞ or NaN for b = 0. For whole numbers b = 0 gives a where it comes from
 * a tensor. The gradients are 0.
 * @throws DTypeError for whole numbers and the number 0.
 */
export const floorDivide = division('floorDivide', ['zero', 'zero']);
