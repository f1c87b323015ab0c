// Trigonometric functions of radians and their inverses, to about 2e-7 relative.
import { asinWgsl, atanWgsl, circleWgsl } from './trigonometry-wgsl.ts';
import { unary } from './unary-op.ts';

const circle = [circleWgsl];

/** sin x; NaN at ±∞. Accurate to f32 for |x| ≤ 12,867; beyond, x counts as off by half a unit in its last place. */
export const sin = unary('sin', {
  prelude: circle,
  value: 'circle(x, VI(0))',
  slope: 'circle(x, VI(1))',
});
/** cos x; NaN at ±∞. Accurate in the range of `sin`. */
export const cos = unary('cos', {
  prelude: circle,
  value: 'circle(x, VI(1))',
  slope: 'circle(x, VI(2))',
});
/** tan x; NaN at ±∞. Accurate in the range of `sin`. */
export const tan = unary('tan', {
  prelude: circle,
  value: 'tanCircle(x)',
  slope: '1.0 + tanCircle(x) * tanCircle(x)',
});
/** The angle from −π/2 to π/2 whose sine is x; NaN beyond ±1. */
export const asin = unary('asin', {
  prelude: [asinWgsl],
  value: 'asinV(x)',
  slope: 'inverseSqrt((1.0 - x) * (1.0 + x))',
});
/** The angle from 0 to π whose cosine is x; NaN beyond ±1. */
export const acos = unary('acos', {
  prelude: [asinWgsl],
  value: 'acosV(x)',
  slope: '-inverseSqrt((1.0 - x) * (1.0 + x))',
});
/** The angle from −π/2 to π/2 whose tangent is x. */
export const atan = unary('atan', {
  prelude: [atanWgsl],
  value: 'atanV(x)',
  slope: '1.0 / (1.0 + x * x)',
});
