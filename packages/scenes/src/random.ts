// A small seeded random generator: 32-bit integer mixing only, so every platform draws the same numbers.

/** A stream of random choices that depends on its keys alone. */
export interface Random {
  /** Uniform in [0, 1), a multiple of 2^-32. */
  float(): number;
  /** Uniform integer in [0, n). */
  integer(n: number): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** True with probability p. */
  chance(p: number): boolean;
  /** One element, all equally likely. */
  pick<T>(items: readonly T[]): T;
  /** One item, with probability proportional to its weight. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T;
  /** The elements in random order, as a new array. */
  shuffled<T>(items: readonly T[]): T[];
}

/** 32-bit FNV-1a hash of a string's UTF-16 units. Source: Fowler, Noll, Vo, RFC 9923. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/**
 * Makes a generator from any number of keys, for example a seed, a split and an index: different keys
 * give unrelated streams. Counter plus mixing as in SplitMix (Steele, Lea, Flood 2014), 32-bit.
 */
export function createRandom(...keys: readonly (number | string)[]): Random {
  let state = fnv1a(keys.join('\u0000'));
  const float = () => {
    state = (state + 0x9e3779b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 0x100000000;
  };
  const integer = (n: number) => Math.floor(float() * n);
  return {
    float,
    integer,
    between: (low, high) => low + (high - low) * float(),
    chance: (p) => float() < p,
    pick: (items) => items[integer(items.length)],
    weighted(items) {
      const total = items.reduce((sum, [weight]) => sum + weight, 0);
      let left = float() * total;
      for (const [weight, item] of items) {
        left -= weight;
        if (left < 0) return item;
      }
      return items[items.length - 1][1];
    },
    shuffled(items) {
      const out = [...items];
      for (let i = out.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        [out[i], out[j]] = [out[j], out[i]];
      }
      return out;
    },
  };
}
