// How often a run is saved between the ends of its epochs: every so many steps, or after so much time.
import { UsageError } from '@foreword/cli-kit';

export type SaveEvery = { steps: number } | { ms: number };

const unitMs: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Reads `500` (steps), `90s`, `10m` or `2h`.
 * @throws UsageError for anything else
 */
export function parseSaveEvery(text: string): SaveEvery {
  const [, number, unit = ''] = /^([\d.]+)([smh]?)$/.exec(text.trim()) ?? [];
  const value = Number(number);
  if (value > 0 && unit !== '') return { ms: value * unitMs[unit] };
  if (value > 0 && Number.isInteger(value)) return { steps: value };
  throw new UsageError(`--save-every must be a number of steps or a time, got "${text}"`, {
    cure: 'give 500 for every 500 steps, or 90s, 10m, 2h',
  });
}

/** Knows when a run was saved last, and whether that is long ago. */
export class SaveTimer {
  readonly #every: SaveEvery;
  #step: number;
  #savedAt = performance.now();

  /** @param step that the run begins with */
  constructor(every: SaveEvery, step: number) {
    this.#every = every;
    this.#step = step;
  }

  isDue(step: number): boolean {
    return 'steps' in this.#every
      ? step - this.#step >= this.#every.steps
      : performance.now() - this.#savedAt >= this.#every.ms;
  }

  saved(step: number): void {
    this.#step = step;
    this.#savedAt = performance.now();
  }
}
