// The table's line of the training step, from the process it ran in.
import type { EngineSteps } from '../engines/compare-engines.ts';
import { rowOf, type BenchRow } from '../report/bench-row.ts';
import { formatNumber } from '../report/format-table.ts';
import { summariseTimings } from '../report/statistics.ts';
import { stepTitle } from './step-values.ts';

/** Wall times include writing the batch and reading the loss. */
export function stepRow({ time, gpuMs, firstStepMs, ...counts }: EngineSteps): BenchRow {
  const note = `first step ${formatNumber(firstStepMs / 1000)} s, cold (no shader cache)`;
  const gpu = gpuMs.length > 0 ? summariseTimings(gpuMs) : undefined;
  return rowOf({ op: 'training step', shape: stepTitle, dtype: 'f32', note }, { ...counts, wall: time, gpu });
}
