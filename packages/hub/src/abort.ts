// Waiting that ends early: pauses and requests that a signal or a silent server ends.

/** Resolves after `ms`; rejects with the signal's reason when it aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Aborts when nothing was heard for `stallMs`, and with the caller's signal. */
export class StallWatch {
  readonly signal: AbortSignal;
  readonly #stallMs: number;
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(stallMs: number, signal?: AbortSignal) {
    this.#stallMs = stallMs;
    this.signal =
      signal === undefined ? this.#controller.signal : AbortSignal.any([signal, this.#controller.signal]);
    this.heard();
  }

  /** Something came: waits anew. */
  heard(): void {
    clearTimeout(this.#timer);
    const reason = new Error(`nothing came for ${this.#stallMs / 1000} s`);
    this.#timer = setTimeout(() => this.#controller.abort(reason), this.#stallMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
