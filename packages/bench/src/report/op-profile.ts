// Kernel times gathered by op, and their table.
import type { ProfileRow } from '@foreword/tensor/node';
import { floorsOf, formatReached, type Peaks } from './floors.ts';
import { formatNumber, formatTable } from './format-table.ts';
import { billionsPerSecond, median } from './statistics.ts';

/** All calls of one kernel name within a step. */
export interface OpProfile {
  op: string;
  calls: number;
  /** Sum over the calls, each the median of all runs. */
  ms: number;
  /** Of all kernels' time, from 0 to 1. */
  share: number;
  gflops: number | null;
  /** By bytes bound. */
  gigabytesPerSecond: number | null;
  /** The sum of each call's higher floor as a share of `ms`; null where the clock is too coarse. */
  reached: number | null;
}

/**
 * @param runs kernels of a step in call order, once per run
 * @throws RangeError when runs differ in length or there are none
 */
export function profileByOp(runs: readonly (readonly ProfileRow[])[], peaks: Peaks): OpProfile[] {
  if (runs.length === 0 || runs.some(({ length }) => length !== runs[0].length))
    throw new RangeError('profileByOp: runs of one and the same step are needed');
  const groups = new Map<
    string,
    { calls: number; ms: number; flops: number; bytes: number; floorMs: number }
  >();
  runs[0].forEach(({ name, flops, bytes }, call) => {
    const group = groups.get(name) ?? { calls: 0, ms: 0, flops: 0, bytes: 0, floorMs: 0 };
    groups.set(name, group);
    const { bytesMs, operationsMs } = floorsOf({ flops, bytes }, 0, peaks);
    group.calls++;
    group.ms += median(runs.map((run) => run[call].ms));
    group.flops += flops;
    group.bytes += bytes;
    group.floorMs += Math.max(bytesMs, operationsMs);
  });
  const total = [...groups.values()].reduce((sum, { ms }) => sum + ms, 0);
  return [...groups]
    .map(([op, { calls, ms, flops, bytes, floorMs }]) => ({
      op,
      calls,
      ms,
      share: total > 0 ? ms / total : 0,
      gflops: billionsPerSecond(flops, ms) ?? null,
      gigabytesPerSecond: billionsPerSecond(bytes, ms) ?? null,
      reached: ms > 0 ? floorMs / ms : null,
    }))
    .sort((a, b) => b.ms - a.ms);
}

/** The slowest op first, all together last. */
export function formatOpProfile(rows: readonly OpProfile[]): string {
  const calls = rows.reduce((sum, row) => sum + row.calls, 0);
  const ms = rows.reduce((sum, row) => sum + row.ms, 0);
  const cells = rows.map((row) => [
    row.op,
    String(row.calls),
    formatNumber(row.ms),
    `${(100 * row.share).toFixed(1)} %`,
    formatNumber(row.gflops),
    formatNumber(row.gigabytesPerSecond),
    formatReached(row.reached),
  ]);
  return formatTable(
    [
      { title: 'op' },
      { title: 'calls', align: 'right' },
      { title: 'ms', align: 'right' },
      { title: 'share', align: 'right' },
      { title: 'GFLOP/s', align: 'right' },
      { title: 'GB/s', align: 'right' },
      { title: '% of floor', align: 'right' },
    ],
    [...cells, ['all', String(calls), formatNumber(ms), '', '', '', '']],
  );
}
