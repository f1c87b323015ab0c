// What other tools may use of the benchmark: the form of its results, and statistics of timings.
export { adapterSlug, type BenchReport, type PeersReport } from './report/bench-report.ts';
export type { BarResult } from './report/bars.ts';
export type { BenchRow, Row, SkippedRow } from './report/bench-row.ts';
export type { Machine } from './report/machine.ts';
export type { SideBySide, WorkComparison, WorkEntry } from './engines/compare-engines.ts';
export type { RunScores } from './run-scores.ts';
export { median, pairedRatio, summariseTimings, type Ratio, type Timing } from './report/statistics.ts';
