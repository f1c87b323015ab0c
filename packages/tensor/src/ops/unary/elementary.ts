// Powers, roots, exponentials and logarithms of one value, and the error function.
import { erfWgsl } from './erf-wgsl.ts';
import { exp2Wgsl, expm1Wgsl, expWgsl, log1pWgsl, log2Wgsl, logWgsl } from './exponential-wgsl.ts';
import { unary } from './unary-op.ts';

/** e^x; ∞ from 88.73 on, 0 at −∞. About 1.5e-7 relative. */
export const exp = unary('exp', { prelude: expWgsl, value: 'expV(x)', slope: 'expV(x)' });
/** 2^x. */
export const exp2 = unary('exp2', {
  prelude: exp2Wgsl,
  value: 'exp2V(x)',
  slope: '0.69314718 * exp2V(x)',
});
/** e^x − 1, precise near 0. */
export const expm1 = unary('expm1', {
  prelude: [...new Set([...expm1Wgsl, ...expWgsl])],
  value: 'expm1V(x)',
  slope: 'expV(x)',
});
/** ln x; −∞ at 0, NaN below. */
export const log = unary('log', { prelude: logWgsl, value: 'logV(x)', slope: '1.0 / x' });
/** Logarithm to base 2; −∞ at 0, NaN below; exact for powers of 2. */
export const log2 = unary('log2', { prelude: log2Wgsl, value: 'log2V(x)', slope: '1.44269504 / x' });
/** ln(1 + x), precise near 0; −∞ at −1, NaN below. */
export const log1p = unary('log1p', { prelude: log1pWgsl, value: 'log1pV(x)', slope: '1.0 / (1.0 + x)' });
/** √x; NaN below 0. */
export const sqrt = unary('sqrt', { value: 'sqrt(x)', slope: '0.5 / sqrt(x)' });
/** 1 / √x; ∞ at 0, NaN below. */
export const rsqrt = unary('rsqrt', {
  value: 'inverseSqrt(x)',
  slope: '-0.5 * inverseSqrt(x) / x',
});
/** 1 / x; ±∞ at ±0. */
export const reciprocal = unary('reciprocal', { value: '1.0 / x', slope: '-(1.0 / x) * (1.0 / x)' });
/** x²; whole numbers too. */
export const square = unary('square', { value: 'x * x', slope: '2.0 * x' }, { takes: 'all' });
/** The error function 2/√π ∫₀ˣ e^−t² dt; about 1.5e-7 relative, near 0 too. */
export const erf = unary('erf', {
  prelude: [erfWgsl],
  value: 'erfV(x)',
  slope: '1.1283791671 * exp(-x * x)',
});
