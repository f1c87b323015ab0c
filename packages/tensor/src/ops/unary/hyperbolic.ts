// Hyperbolic functions and their inverses (tanh is among the activations), to about 3e-7 relative, near 0 too.
import { wgsl } from '../../kernel/wgsl.ts';
import { expm1Wgsl, expWgsl, log1pWgsl } from './exponential-wgsl.ts';
import { unary } from './unary-op.ts';

// Beyond 40 the square of e^(|x|/2), since e^|x| ends at 88.7 and sinh only at 89.4.
const sinhWgsl = wgsl`
fn sinhV(x: V) -> V {
  let a = abs(x);
  let e = expm1V(a);
  let h = expV(0.5 * a);
  let r = select(0.5 * (e + e / (e + 1.0)), (0.5 * h) * h, a > V(40.0));
  return select(r, -r, x < V(0.0));
}
fn coshV(x: V) -> V {
  let h = expV(0.5 * abs(x));
  return (0.5 * h) * h + (0.5 / h) / h;
}`;
const hyperbolic = [...new Set([...expm1Wgsl, ...expWgsl, sinhWgsl])];

const inverseWgsl = wgsl`
fn asinhV(x: V) -> V {
  let a = abs(x);
  let near = log1pV(a + a * a / (1.0 + sqrt(a * a + 1.0)));
  let r = select(near, logV(a) + 0.69314718, a > V(1e6));
  return select(r, -r, x < V(0.0));
}
fn acoshV(x: V) -> V {
  let t = x - 1.0;
  let r = select(log1pV(t + sqrt(t * (t + 2.0))), logV(x) + 0.69314718, x > V(1e6));
  return select(r, V(notANumber()), x < V(1.0));
}
fn atanhV(x: V) -> V {
  let a = abs(x);
  let r = 0.5 * log1pV(2.0 * a / (1.0 - a));
  return select(r, -r, x < V(0.0));
}`;
const inverse = [...log1pWgsl, inverseWgsl];

/** sinh x = (e^x − e^−x)/2. */
export const sinh = unary('sinh', { prelude: hyperbolic, value: 'sinhV(x)', slope: 'coshV(x)' });
/** cosh x = (e^x + e^−x)/2. */
export const cosh = unary('cosh', { prelude: hyperbolic, value: 'coshV(x)', slope: 'sinhV(x)' });
/** The inverse of sinh. */
export const asinh = unary('asinh', {
  prelude: inverse,
  value: 'asinhV(x)',
  slope: 'inverseSqrt(x * x + 1.0)',
});
/** The inverse of cosh, from 0 on; NaN below 1. */
export const acosh = unary('acosh', {
  prelude: inverse,
  value: 'acoshV(x)',
  slope: 'inverseSqrt((x - 1.0) * (x + 1.0))',
});
/** The inverse of tanh; ±∞ at ±1, NaN beyond. */
export const atanh = unary('atanh', {
  prelude: inverse,
  value: 'atanhV(x)',
  slope: '1.0 / ((1.0 - x) * (1.0 + x))',
});
