// Random numbers without state: a number depends on (seed, stream, counter) only, on every machine the same.

/** A bijection of 32-bit numbers that changes about half of the output bits for each input bit. */
function mix(x: number): number {
  let h = x;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 32 random bits. */
export function randomBits(seed: number, stream: number, counter: number): number {
  // Odd constants keep (0, 0, 0) and equal arguments away from the mixer's fixed point 0.
  const s = mix(seed + 0x9e3779b9);
  const t = mix(s ^ mix(stream + 0x3c6ef372));
  return mix(t ^ mix(counter + 0xdaa66d2b));
}

/** Uniform in [0, 1), with 53 random bits. */
export function randomUniform(seed: number, stream: number, counter: number): number {
  const high = randomBits(seed, stream, 2 * counter) >>> 5;
  const low = randomBits(seed, stream, 2 * counter + 1) >>> 6;
  return (high * 2 ** 26 + low) * 2 ** -53;
}

/** `values.length` draws from a normal distribution of mean 0 (Box & Muller 1958), written into `values`. */
export function fillNormal(
  values: Float32Array,
  { seed, stream, std }: { seed: number; stream: number; std: number },
): void {
  for (let i = 0; i < values.length; i += 2) {
    // 1 − u is in (0, 1], so the logarithm is finite.
    const radius = std * Math.sqrt(-2 * Math.log(1 - randomBits(seed, stream, i) * 2 ** -32));
    const angle = 2 * Math.PI * randomBits(seed, stream, i + 1) * 2 ** -32;
    values[i] = radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = radius * Math.sin(angle);
  }
}
