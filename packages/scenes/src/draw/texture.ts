// Deterministic texture noise and colour mixing for backgrounds.
/** Red, green and blue, 0 to 255, not rounded. Typed arrays all through keep the painting fast. */
export type Pixel = Float64Array;

export function rgb(red: number, green: number, blue: number): Pixel {
  return Float64Array.of(red, green, blue);
}

/** 0 to 1 from two integers and a seed, without pattern. Integer mixing as in SplitMix. */
export function latticeNoise(x: number, y: number, seed: number): number {
  let z = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(seed + 1, 0x9e3779b9);
  z = Math.imul(z ^ (z >>> 15), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return ((z ^ (z >>> 16)) >>> 0) / 0x100000000;
}

/** Smooth noise, 0 to 1: lattice noise eased between its points. */
export function smoothNoise(x: number, y: number, seed: number): number {
  const ix = Math.floor(x);
  const iy = Math.floor(y);
  const fx = ease(x - ix);
  const fy = ease(y - iy);
  const top = mixNumber(latticeNoise(ix, iy, seed), latticeNoise(ix + 1, iy, seed), fx);
  const bottom = mixNumber(latticeNoise(ix, iy + 1, seed), latticeNoise(ix + 1, iy + 1, seed), fx);
  return mixNumber(top, bottom, fy);
}

/** A smooth wave of period 1 and range -1 to 1: parabolas, since Math.sin differs between engines. */
export function wave(t: number): number {
  const phase = t - Math.floor(t);
  const half = phase < 0.5 ? phase : phase - 0.5;
  const bump = 16 * half * (0.5 - half);
  return phase < 0.5 ? bump : -bump;
}

/** Distance from t to the nearest multiple of `period`. */
export function toNearest(t: number, period: number): number {
  const rest = t - period * Math.floor(t / period);
  return rest < period - rest ? rest : period - rest;
}

/** Clamps to 0..1. */
export function clamp01(t: number): number {
  return t < 0 ? 0 : t > 1 ? 1 : t;
}

/** Smoothstep of t clamped to 0..1. */
export function ease(t: number): number {
  const u = clamp01(t);
  return u * u * (3 - 2 * u);
}

export function mixNumber(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

/** Writes the mix of two colours to `out`. */
export function mixInto(out: Pixel, a: Pixel, b: Pixel, t: number): void {
  out[0] = a[0] + (b[0] - a[0]) * t;
  out[1] = a[1] + (b[1] - a[1]) * t;
  out[2] = a[2] + (b[2] - a[2]) * t;
}
