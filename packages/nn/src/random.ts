// Random numbers on the host: the engine's generator (pcg3d), so that a number depends on (seed, key, index) only and is
// the same on every machine.
import { keyedBits, randomKey, unit24, type RandomBits } from '@foreword/tensor';

/** Two 32-bit numbers from a text (FNV-1a, from two offsets). */
function hashOf(text: string): [number, number] {
  let [a, b] = [0x811c9dc5, 0xcbf29ce4];
  for (const byte of new TextEncoder().encode(text)) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x01000193) ^ (b >>> 15);
  }
  return [a >>> 0, b >>> 0];
}

/**
 * A source of random numbers without state. With `step` and `stream` as numbers, `uniform(i)` is element i of the GPU's
 * `randomUniform(device, shape, { seed: [seed, step], stream })`.
 * @example
 * const random = Random.of(1, 'shuffle/epoch 3');
 * random.uniform(0); // always the same number
 */
export class Random {
  readonly #key: RandomBits;

  constructor(seed: number, { step = 0, stream = 0 }: { step?: number; stream?: number } = {}) {
    this.#key = randomKey([seed, step], stream);
  }

  /** The numbers that belong to a text: a parameter's name, a purpose. */
  static of(seed: number, key: string): Random {
    const [step, stream] = hashOf(key);
    return new Random(seed, { step, stream });
  }

  /** Three 32-bit numbers of index i. */
  bits(i: number): RandomBits {
    return keyedBits(this.#key, i);
  }

  /** Uniform in [0, 1), 24 bits. */
  uniform(i: number): number {
    return unit24(this.bits(i)[0]);
  }

  /** Uniform in [0, 1), 53 bits. */
  double(i: number): number {
    const [x, y] = this.bits(i);
    return ((x >>> 5) * 2 ** 26 + (y >>> 6)) * 2 ** -53;
  }

  /** Standard normal (Box & Muller 1958). */
  normal(i: number): number {
    const [x, y] = this.bits(i);
    return Math.sqrt(-2 * Math.log(1 - unit24(x))) * Math.cos(2 * Math.PI * (unit24(y) - 0.5));
  }

  /** A whole number from 0 and below n, n at most 2³². */
  below(n: number, i: number): number {
    // 53 bits, so that no remainder is more likely than another by anything that shows.
    return Math.floor(this.double(i) * n);
  }

  /** 0 … n − 1 in random order (Fisher & Yates). */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.below(i + 1, i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}
