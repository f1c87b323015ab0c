// Where an op has several kernels for the same result, it asks here which one to take.

/** One of several ways to compute the same result; the name stands in tuning tables. */
export interface Variant {
  readonly name: string;
}

/** A choice as it was met. */
export interface MetChoice {
  key: string;
  /** Names; the first is taken untuned. */
  variants: readonly string[];
  /** The op's call, which only the observer understands. */
  call: unknown;
}

/** What a tuner has found on one kind of adapter with one version of the engine. */
export interface Tuning {
  adapter: string;
  engine: string;
  /** Choice → name of the variant. */
  choices: Readonly<Record<string, string>>;
}

/** Sizes up to the same power of two share a choice. */
export const upToPowerOfTwo = (n: number): number => 2 ** Math.ceil(Math.log2(n));

export class Choices {
  #table: Readonly<Record<string, string>> = {};
  #isTuned = false;
  #observer: ((met: MetChoice) => void) | undefined;
  #call: unknown;

  constructor(table: Readonly<Record<string, string>> = {}) {
    this.table = table;
  }

  /** Names of variants by choice. A choice that is not in it, or whose variant no longer exists, takes the first. */
  get table(): Readonly<Record<string, string>> {
    return this.#table;
  }

  set table(table: Readonly<Record<string, string>>) {
    this.#table = table;
    this.#isTuned = Object.keys(table).length > 0;
  }

  /**
   * Ops ask at every launch, so neither the key nor more than the first variant is made unless somebody tuned or observes.
   * @param variants at least one; the first is taken untuned
   */
  pick<V extends Variant>(key: () => string, variants: Iterable<V>): V {
    const wanted = this.#isTuned ? this.#table[key()] : undefined;
    if (wanted === undefined && !this.#observer) {
      for (const first of variants) return first;
    }
    const all = [...variants];
    if (this.#observer && this.#call && all.length > 1)
      this.#observer({ key: key(), variants: all.map(({ name }) => name), call: this.#call });
    return all.find(({ name }) => name === wanted) ?? all[0];
  }

  /** Runs `fn`, and tells `observer` of every choice that ops make meanwhile. */
  async observe(observer: (met: MetChoice) => void, fn: () => Promise<void>): Promise<void> {
    this.#observer = observer;
    try {
      await fn();
    } finally {
      this.#observer = undefined;
    }
  }

  /** Called around the launch of each op, so that an observer learns whose choice it is. */
  during(call: () => unknown, launch: () => void): void {
    if (!this.#observer) return launch();
    const outer = this.#call;
    this.#call = call();
    try {
      launch();
    } finally {
      this.#call = outer;
    }
  }
}
