// The host's random numbers for data order: seeded, the same everywhere.
import { Random } from '@foreword/nn';

/** Uniform numbers in [0, 1) from a seed, one after the other. */
export function seededRandom(seed: number): () => number {
  const random = new Random(seed);
  let drawn = 0;
  return () => random.double(drawn++);
}

/** A seed for one purpose: streams of one run do not overlap by accident. */
export const streamSeed = (seed: number, ...parts: number[]): number =>
  Random.of(seed, parts.join('/')).bits(0)[0];

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
  Int32Array.from(new Random(seed).permutation(n));
