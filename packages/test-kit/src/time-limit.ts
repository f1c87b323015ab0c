// Bounds the wall-clock time of one asynchronous piece of work.

/** A test or hook ran past its limit. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

/**
 * Settles as `work()` does, or rejects with `TimeLimitError` after `seconds`.
 *
 * The work itself cannot be stopped: a promise that never settles is left behind, and a synchronous
 * loop is noticed only once it ends (it then counts as late).
 */
export async function withTimeLimit(label: string, seconds: number, work: () => unknown): Promise<void> {
  const started = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = (): TimeLimitError =>
    new TimeLimitError(`${label}: not done after ${seconds} s (its time limit)`);
  const limit = new Promise<never>((_resolve, reject) => {
    // The timer is not unref'd: while it is armed it keeps Node alive, so work that waits on something
    // without a handle (a lost GPU callback) fails here instead of ending the process in silence.
    timer = setTimeout(() => reject(late()), seconds * 1000);
  });
  try {
    await Promise.race([Promise.resolve().then(work), limit]);
  } finally {
    clearTimeout(timer);
  }
  if (performance.now() - started > seconds * 1000) throw late();
}
