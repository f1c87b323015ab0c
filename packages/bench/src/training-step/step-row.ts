// The table's line of the training step, from the process it ran in.
import type { WorkEntry } from '../engines/compare-engines.ts';
import { rowOf, type BenchRow } from '../report/bench-row.ts';
import { formatNumber } from '../report/format-table.ts';
import { summariseTimings } from '../report/statistics.ts';
import { stepTitle } from './step-values.ts';
import { stepWork } from './step-works.ts';

/** Wall times include writing the batch and reading the loss. `id` is one of a training step. */
export function stepRow(id: string, { time, firstMs, warmFirstMs, facts }: WorkEntry): BenchRow {
  const { sizes, weights } = stepWork(id)!;
  const warm = warmFirstMs === undefined ? '' : `, ${formatNumber(warmFirstMs / 1000)} s with kept shaders`;
  const note = `first step ${formatNumber(firstMs / 1000)} s, cold (no shader cache)${warm}`;
  const { gpuMs, ...counts } = facts ?? { kernels: 0, flops: 0, bytes: 0, gpuMs: [] };
  const gpu = gpuMs.length > 0 ? summariseTimings(gpuMs) : undefined;
  return rowOf(
    { op: 'training step', shape: stepTitle(sizes), dtype: weights, note },
    { ...counts, wall: time, gpu },
  );
}
