// The host's random numbers for data order: small, seeded, the same everywhere.

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A seed for one purpose: streams of one run do not overlap by accident. */
export function streamSeed(seed: number, ...parts: number[]): number {
  return parts.reduce((h, part) => Math.imul(h ^ (part + 0x9e3779b9), 0x85ebca6b) >>> 0, seed >>> 0);
}

/** The items in random order (Fisher–Yates). */
export function shuffled<X>(items: readonly X[], draw: () => number): X[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** The numbers 0 … n − 1 in random order. */
export const shuffledIndices = (n: number, seed: number): Int32Array<ArrayBuffer> =>
  Int32Array.from(
    shuffled(
      Array.from({ length: n }, (_, i) => i),
      seededRandom(seed),
    ),
  );
