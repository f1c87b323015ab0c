// Exponential functions and logarithms in WGSL for pointwise kernels, to about 1.5e-7 relative; WGSL's own log is off by 2⁻²¹
// absolutely near 1, and its exp by (3 + 2|x|) units in the last place (WGSL §15.7.4).
//
// Polynomials fitted for this file. The largest float is exact in f32; what is larger than it is infinite.
import { wgsl } from '../../kernel/wgsl.ts';

/** e^r − 1 for |r| ≤ ½ ln 2. */
const expm1Part = wgsl`
fn expm1Part(r: V) -> V {
  return r + r * r * (0.5 + r * (0.16666667 + r * (0.041666355 + r * (0.008333274 + r * (0.001394102 + r * 0.0001991357)))));
}`;

/** 2^n for whole n from −126 to 127. */
const powerOfTwo = 'fn powerOfTwo(n: V) -> V { return bitcast<V>((VI(n) + VI(127)) << VU(23u)); }';

/** v · 2^n in two steps: 2^n alone may be beyond f32. */
const scaleByTwo = wgsl`
fn scaleByTwo(v: V, n: V) -> V {
  let half = floor(n * 0.5);
  return v * powerOfTwo(half) * powerOfTwo(n - half);
}`;

/** x − n ln 2, where n is the nearest whole number to x / ln 2. */
const lessLn2 =
  'fn lessLn2(x: V, n: V) -> V { return (x - n * 0.693115234375) - n * 3.1946184945309415e-05; }';

/** `expV(x)`: e^x. */
export const expWgsl: readonly string[] = [
  expm1Part,
  powerOfTwo,
  scaleByTwo,
  lessLn2,
  wgsl`
fn expV(x: V) -> V {
  let n = round(clamp(x, V(-104.0), V(89.0)) * 1.44269504);
  return select(scaleByTwo(1.0 + expm1Part(lessLn2(x, n)), n), V(0.0), x < V(-104.0));
}`,
];

/** `exp2V(x)`: 2^x. */
export const exp2Wgsl: readonly string[] = [
  expm1Part,
  powerOfTwo,
  scaleByTwo,
  wgsl`
fn exp2V(x: V) -> V {
  let n = round(clamp(x, V(-150.0), V(129.0)));
  return select(scaleByTwo(1.0 + expm1Part((x - n) * 0.69314718), n), V(0.0), x < V(-150.0));
}`,
];

/** `expm1V(x)`: e^x − 1, precise near 0. */
export const expm1Wgsl: readonly string[] = [
  expm1Part,
  powerOfTwo,
  lessLn2,
  wgsl`
fn expm1V(x: V) -> V {
  let n = round(clamp(x, V(-18.0), V(88.9)) * 1.44269504);
  let half = powerOfTwo(n - 1.0);
  let r = 2.0 * (expm1Part(lessLn2(x, n)) * half + (half - 0.5));
  return select(r, V(-1.0), x < V(-18.0));
}`,
];

/** ln(1 + f) for 1 + f from √½ to √2. */
const log1pPart = wgsl`
fn log1pPart(f: V) -> V {
  let p = 0.33333316 + f * (-0.2500081 + f * (0.2000228 + f * (-0.1662452 + f * (0.1418131 + f * (-0.13129237
    + f * (0.12880962 + f * -0.07857311))))));
  return f + f * f * (f * p - 0.5);
}`;

/** The exponent e of x = m · 2^e with m from √½ to √2, and m − 1 of it; numbers below 2⁻¹²⁶ are scaled by 2²⁴ first. */
const logSplit = wgsl`
fn liftTiny(x: V) -> V { return select(x, x * 16777216.0, x < V(1.17549435e-38)); }
fn logExponent(x: V) -> VI { return (bitcast<VI>(liftTiny(x)) - VI(0x3f3504f3)) >> VU(23u); }
fn logMantissa(x: V) -> V { return bitcast<V>(bitcast<VI>(liftTiny(x)) - (logExponent(x) << VU(23u))) - 1.0; }
fn logWhole(x: V) -> V { return V(logExponent(x)) - select(V(0.0), V(24.0), x < V(1.17549435e-38)); }
fn logEdges(x: V, r: V) -> V {
  let positive = select(r, x, nanV(x) | (x > V(3.4028234e38)));
  return select(select(positive, V(-infinity()), x == V(0.0)), V(notANumber()), x < V(0.0));
}`;

/** `logV(x)`: ln x. */
export const logWgsl: readonly string[] = [
  log1pPart,
  logSplit,
  wgsl`
fn logV(x: V) -> V {
  let e = logWhole(x);
  return logEdges(x, (log1pPart(logMantissa(x)) + e * 3.1946184945309415e-05) + e * 0.693115234375);
}`,
];

/** `log2V(x)`: the logarithm to base 2, exact for powers of 2. */
export const log2Wgsl: readonly string[] = [
  log1pPart,
  logSplit,
  wgsl`
fn log2V(x: V) -> V {
  return logEdges(x, log1pPart(logMantissa(x)) * 1.44269504 + logWhole(x));
}`,
];

/** `log1pV(x)`: ln(1 + x), precise near 0. */
export const log1pWgsl: readonly string[] = [
  ...logWgsl,
  'fn log1pV(x: V) -> V { return select(logV(1.0 + x), log1pPart(x), abs(x) < V(0.29)); }',
];
