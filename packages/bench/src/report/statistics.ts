// Medians, spreads and paired ratios of repeated timings.

/** What repeated timings of one thing came to, in milliseconds. */
export interface Timing {
  medianMs: number;
  minMs: number;
  maxMs: number;
  /** How many timings there were. */
  n: number;
}

/** Ratios of timings taken in alternation. */
export interface Ratio {
  median: number;
  min: number;
  max: number;
  n: number;
}

/**
 * The middle value, or the mean of the two middle ones.
 * @throws RangeError when there are no values
 */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('median: there are no values');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median, extremes and number of timings in milliseconds. */
export function summariseTimings(timesMs: readonly number[]): Timing {
  return {
    medianMs: median(timesMs),
    minMs: Math.min(...timesMs),
    maxMs: Math.max(...timesMs),
    n: timesMs.length,
  };
}

/**
 * `of[i] / by[i]` for timings taken in alternation. A machine that slows down slows both halves of a pair, so
 * the median of the pairs is steadier than the ratio of two medians.
 * @throws RangeError when the lists differ in length or are empty
 */
export function pairedRatio(of: readonly number[], by: readonly number[]): Ratio {
  if (of.length !== by.length)
    throw new RangeError(`pairedRatio: ${of.length} timings against ${by.length}; pairs are needed`);
  const ratios = of.map((value, i) => value / by[i]);
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios), n: ratios.length };
}

/** Billions per second (GFLOP/s, GB/s) from an amount and milliseconds; undefined where nothing was counted. */
export function billionsPerSecond(amount: number, ms: number): number | undefined {
  return amount > 0 && ms > 0 ? amount / ms / 1e6 : undefined;
}
