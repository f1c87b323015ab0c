// Tries again, with growing pauses, what may go better the next time.
import { pause } from './abort.ts';
import { isPassing, type HubError } from './hub-error.ts';

export interface RetryPlan {
  /** How many tries in a row may fail. */
  tries: number;
  /** The pause after the first; it doubles each time. */
  firstPauseMs: number;
}

/**
 * Runs `attempt` until it succeeds, fails for good, or fails `tries` times in a row.
 * @param progress a number that has grown when a failed try got further than all before; such a try does not count
 */
export async function retry<T>(
  attempt: () => Promise<T>,
  { tries, firstPauseMs }: RetryPlan,
  { signal, progress = () => 0 }: { signal?: AbortSignal; progress?: () => number } = {},
): Promise<T> {
  let best = progress();
  for (let failures = 0; ;) {
    try {
      signal?.throwIfAborted();
      return await attempt();
    } catch (error) {
      if (signal?.aborted || !isPassing(error)) throw error;
      failures = progress() > best ? 0 : failures + 1;
      best = Math.max(best, progress());
      if (failures >= tries) throw error;
      const pauseMs = firstPauseMs * 2 ** Math.max(0, failures - 1);
      await pause(Math.max((error as HubError).retryAfterMs, pauseMs), signal);
    }
  }
}
