// The two floors of a kernel (Williams, Waterman and Patterson 2009, "Roofline"): it cannot be faster than its bytes
// take at the adapter's bandwidth, nor than its operations take at the adapter's peak.

/** What the adapter did at most in this run. */
export interface Peaks {
  /** Bytes read and written by a plain copy. */
  gigabytesPerSecond: number;
  /** Operations of plain fused multiply-adds in f32. */
  gflops: number;
}

export interface Floors {
  /** Milliseconds that the bytes bound take at least. */
  bytesMs: number;
  /** Milliseconds that the operations counted take at least. */
  operationsMs: number;
  /**
   * The higher floor as a share of the measured time: 1 is as fast as the adapter can be. Null where nothing was timed
   * or counted.
   */
  reached: number | null;
}

/** Floors of work that took `ms`. */
export function floorsOf(
  { bytes, flops }: { bytes: number; flops: number },
  ms: number,
  { gigabytesPerSecond, gflops }: Peaks,
): Floors {
  const bytesMs = bytes / gigabytesPerSecond / 1e6;
  const operationsMs = flops / gflops / 1e6;
  const highest = Math.max(bytesMs, operationsMs);
  return { bytesMs, operationsMs, reached: ms > 0 && highest > 0 ? highest / ms : null };
}

/** `63 %`; a dash where nothing was timed. */
export const formatReached = (reached: number | null | undefined): string =>
  reached === null || reached === undefined ? '–' : `${(100 * reached).toFixed(reached < 0.1 ? 1 : 0)} %`;
