// Where an op has several kernels for the same result, it asks here which one to take.
import type { Shape } from './shape.ts';
import type { DType } from '../dtype/dtype.ts';
import type { AnyOp } from '../op.ts';

/** One of several ways to compute the same result; the name stands in tuning tables. */
export interface Variant {
  readonly name: string;
}

/** An op's call, as a tuner needs it to make the same call again. */
export interface OpCall {
  op: AnyOp;
  inputs: readonly ({ shape: Shape; dtype: DType } | undefined)[];
  attrs: unknown;
  needs: readonly boolean[];
}

/** A choice as it was met. */
export interface MetChoice {
  key: string;
  /** Names; the first is taken untuned. */
  variants: readonly string[];
  call: OpCall;
}

/** What a tuner has found on one kind of adapter with one version of the engine. */
export interface Tuning {
  adapter: string;
  engine: string;
  /** Choice → name of the variant. */
  choices: Readonly<Record<string, string>>;
}

export class Choices {
  /** Names of variants by choice. A choice that is not in it, or whose variant no longer exists, takes the first. */
  table: Readonly<Record<string, string>>;
  #observer: ((met: MetChoice) => void) | undefined;
  #call: OpCall | undefined;

  constructor(table: Readonly<Record<string, string>> = {}) {
    this.table = table;
  }

  /** @param variants at least one; the first is taken untuned */
  pick<V extends Variant>(key: string, variants: readonly V[]): V {
    if (this.#observer && this.#call && variants.length > 1)
      this.#observer({ key, variants: variants.map(({ name }) => name), call: this.#call });
    const wanted = this.table[key];
    return variants.find(({ name }) => name === wanted) ?? variants[0];
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
  during(call: () => OpCall, launch: () => void): void {
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
