// atan2: the angle of a point.
import { wgsl } from '../../kernel/wgsl.ts';
import { atanWgsl } from '../unary/trigonometry-wgsl.ts';
import { binary } from './binary-op.ts';

// The angle within an octant, then mirrored into its place; the bits tell −0 from 0.
const atan2Wgsl = wgsl`
fn atan2V(y: V, x: V) -> V {
  let a = abs(x);
  let b = abs(y);
  let isSteep = b > a;
  let quotient = select(b / a, a / b, isSteep);
  let t = select(select(quotient, V(0.0), (a == V(0.0)) & (b == V(0.0))), V(1.0), infV(x) & infV(y));
  let octant = atanPart(t);
  let quadrant = select(octant, 1.57079633 - octant, isSteep);
  let half = select(quadrant, 3.14159265 - quadrant, bitcast<VI>(x) < VI(0));
  let r = select(half, -half, bitcast<VI>(y) < VI(0));
  return select(r, V(notANumber()), nanV(x) | nanV(y));
}
fn overSquares(v: V, x: V, y: V) -> V {
  return v / (x * x + y * y);
}`;

/**
 * The angle of the point (b, a) from the first axis on, from −π to π, broadcast: `atan2(y, x)`.
 * @example
 * atan2(y, x);
 */
export const atan2 = binary('atan2', {
  takes: 'floats',
  prelude: () => [atanWgsl, atan2Wgsl],
  value: (y, x) => `atan2V(${y}, ${x})`,
  gradients: [(y, x) => `g * overSquares(${x}, ${x}, ${y})`, (y, x) => `-g * overSquares(${y}, ${x}, ${y})`],
});
