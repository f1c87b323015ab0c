// A mapper's weights before training, as torch's layers begin, made on the host so that every adapter has the same.

/** Initial values of one parameter; they depend on the seed and the name only. */
export function initialValues(
  name: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  { seed }: { seed: number },
): Float32Array {
  const values = new Float32Array(shapes.get(name)!.reduce((product, n) => product * n, 1));
  if (/\.norm[12]\./.test(name)) return values.fill(name.endsWith('weight') ? 1 : 0);
  const random = uniformByIndex(`${seed}/${name}`);
  if (name === 'prefix_const') return fillNormal(values, random);
  // torch.nn.Linear: weight and bias uniform in ±1/√fan_in.
  const fanIn = shapes.get(name.replace(/bias$/, 'weight'))![1];
  const bound = 1 / Math.sqrt(fanIn);
  for (let i = 0; i < values.length; i++) values[i] = bound * (2 * random(i) - 1);
  return values;
}

/** Standard normal numbers (Box & Muller 1958). */
function fillNormal(values: Float32Array, random: (i: number) => number): Float32Array {
  for (let i = 0; i < values.length; i += 2) {
    // 1 − u is in (0, 1], so the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - random(i)));
    const angle = 2 * Math.PI * random(i + 1);
    values[i] = radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}

/** Number i, in [0, 1), of the stream that belongs to `key`. */
function uniformByIndex(key: string): (i: number) => number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(key)) hash = Math.imul(hash ^ byte, 0x01000193);
  const second = mix(hash + 0x9e3779b9);
  // Mixed twice, so that no stream is another one shifted.
  return (i) => (mix(mix(i ^ hash) + second) >>> 8) * 2 ** -24;
}

/** A bijection of 32-bit numbers without visible pattern (C. Wellons, "lowbias32"). */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}
