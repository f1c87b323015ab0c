// The table's line of the training step, from the process it ran in.
import type { WorkEntry } from '../engines/compare-engines.ts';
import { rowOf, type BenchRow } from '../report/bench-row.ts';
import { formatNumber } from '../report/format-table.ts';
import { summariseTimings } from '../report/statistics.ts';
import { stepTitle } from './step-values.ts';

/** Wall times include writing the batch and reading the loss. */
export function stepRow({ time, firstMs, facts }: WorkEntry): BenchRow {
  const note = `first step ${formatNumber(firstMs / 1000)} s, cold (no shader cache)`;
  const { gpuMs, ...counts } = facts ?? { kernels: 0, flops: 0, bytes: 0, gpuMs: [] };
  const gpu = gpuMs.length > 0 ? summariseTimings(gpuMs) : undefined;
  return rowOf({ op: 'training step', shape: stepTitle, dtype: 'f32', note }, { ...counts, wall: time, gpu });
}
