// One line of the table: what was measured, how long it took, how much it computed and moved.
import { floorsOf, type Floors, type Peaks } from './floors.ts';
import { billionsPerSecond, summariseTimings, type Timing } from './statistics.ts';

export interface BenchRow {
  op: string;
  shape: string;
  dtype: string;
  /** Kernels per run. */
  kernels: number;
  /** How many of them have each name; absent where the engine does not tell. */
  kernelNames?: Record<string, number>;
  /** From the submit until the queue is empty. */
  wall: Timing;
  /** Sum of the kernels' own times from timestamp queries, one pass each; absent without that feature. */
  gpu?: Timing;
  /** Floating-point operations per run, as the ops count them. */
  flops: number;
  /** Bytes bound per run: each binding of each kernel once, read or written. */
  bytes: number;
  /** Rates per GPU time where there is one, else per wall time; null where nothing is counted. */
  gflops: number | null;
  gigabytesPerSecond: number | null;
  /** How close that is to what the adapter can do; absent where its peaks were not measured. */
  floors?: Floors;
  note?: string;
}

/** A line that was left out, and why. */
export interface SkippedRow {
  op: string;
  shape: string;
  dtype: string;
  skipped: string;
}

export type Row = BenchRow | SkippedRow;

/** Raw timings and counts of one plan. */
export interface Measurement {
  kernels: number;
  kernelNames: Record<string, number>;
  flops: number;
  bytes: number;
  wallMs: readonly number[];
  /** Empty without timestamp queries. */
  gpuMs: readonly number[];
}

/** Name, sizes and dtype of a row. */
export interface RowTitle {
  op: string;
  shape: string;
  dtype: string;
  note?: string;
}

/** A row from raw timings. */
export function benchRow(title: RowTitle, { wallMs, gpuMs, ...counts }: Measurement): BenchRow {
  const gpu = gpuMs.length > 0 ? summariseTimings(gpuMs) : undefined;
  return rowOf(title, { ...counts, wall: summariseTimings(wallMs), gpu });
}

/** A row from timings that are summarised already. */
export function rowOf(
  { note, ...title }: RowTitle,
  {
    kernels,
    kernelNames,
    flops,
    bytes,
    wall,
    gpu,
  }: Omit<BenchRow, keyof RowTitle | 'gflops' | 'gigabytesPerSecond' | 'floors'>,
): BenchRow {
  const ms = bestClock({ wall, gpu });
  return {
    ...title,
    kernels,
    ...(kernelNames && { kernelNames }),
    wall,
    ...(gpu && { gpu }),
    flops,
    bytes,
    gflops: billionsPerSecond(flops, ms) ?? null,
    gigabytesPerSecond: billionsPerSecond(bytes, ms) ?? null,
    ...(note !== undefined && { note }),
  };
}

/** GPU time, or wall time where there is none: a clock too coarse for the kernel gives 0. */
const bestClock = ({ wall, gpu }: Pick<BenchRow, 'wall' | 'gpu'>): number =>
  gpu && gpu.medianMs > 0 ? gpu.medianMs : wall.medianMs;

/** The row with the floors of its bytes and operations. */
export const withFloors = <R extends Row>(row: R, peaks: Peaks): R =>
  isSkipped(row) ? row : { ...row, floors: floorsOf(row, bestClock(row), peaks) };

export const isSkipped = (row: Row): row is SkippedRow => 'skipped' in row;
