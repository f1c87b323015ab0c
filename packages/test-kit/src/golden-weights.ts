// Weights that golden numbers were made with: pseudo-random values from a tensor's name, the same everywhere.

/** A tensor's shape, and the scale and offset of its values, as golden files give them in their `rules`. */
export type GoldenRule = readonly [shape: readonly number[], scale: number, offset: number];

/** FNV-1a, 32 bits, over the UTF-8 bytes of `text`. */
export function fnv1a32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/**
 * Values of the tensor `name` of a golden model, row-major: offset + scale·u, u in [−1, 1) hashed from
 * `<seed>/<prefix><name>` and the value's index, every step rounded to float32.
 *
 * @example goldenTensor(1, 'gpt2-tiny/', 'wte.weight', [199, 64], 1, 0)[0]; // 0.13351786136627197
 */
export function goldenTensor(
  seed: number | string,
  prefix: string,
  name: string,
  shape: readonly number[],
  scale: number,
  offset = 0,
): Float32Array {
  const size = shape.reduce((product, n) => product * n, 1);
  const start = fnv1a32(`${seed}/${prefix}${name}`);
  const roundedScale = Math.fround(scale);
  const roundedOffset = Math.fround(offset);
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    let x = (start + i) | 0;
    x ^= x >>> 16;
    x = Math.imul(x, 0x7feb352d);
    x ^= x >>> 15;
    x = Math.imul(x, 0x846ca68b);
    x ^= x >>> 16;
    const u = (x >>> 8) * 2 ** -23 - 1;
    values[i] = Math.fround(u * roundedScale) + roundedOffset;
  }
  return values;
}

/** All tensors of a golden model from its `rules`, by name. */
export function goldenTensors(
  seed: number | string,
  prefix: string,
  rules: Readonly<Record<string, GoldenRule>>,
): Map<string, { shape: readonly number[]; data: Float32Array }> {
  return new Map(
    Object.entries(rules).map(([name, [shape, scale, offset]]) => [
      name,
      { shape, data: goldenTensor(seed, prefix, name, shape, scale, offset) },
    ]),
  );
}
