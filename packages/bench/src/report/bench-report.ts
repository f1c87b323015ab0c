// The JSON files of one run of the benchmark.
import { basename, isAbsolute } from 'node:path';
import type { SideBySide } from '../engines/compare-engines.ts';
import type { ModelRow } from '../models/model-row.ts';
import type { RunScores } from '../run-scores.ts';
import type { BarResult } from './bars.ts';
import type { Row } from './bench-row.ts';
import type { FastRow } from './fast-row.ts';
import type { Peaks } from './floors.ts';
import type { Machine } from './machine.ts';
import { describeAdapter, type AdapterSummary } from '@foreword/tensor/node';

export interface ReportHead {
  /** Raised whenever a field changes its meaning. */
  format: 2;
  date: string;
  command: string;
  /** The line `pnpm run doctor` prints. */
  adapter: string;
  driver: string;
  machine: Machine;
  /** Choices that follow `pnpm tune`. */
  tunedKernels: number;
  repeats: number;
}

/** What every report begins with: now, and the command line of this process. */
export const reportHead = (
  adapter: AdapterSummary,
  { machine, tunedKernels, repeats }: Pick<ReportHead, 'machine' | 'tunedKernels' | 'repeats'>,
): ReportHead => ({
  format: 2,
  date: new Date().toISOString(),
  command: commandLine(process.argv.slice(2)),
  adapter: describeAdapter(adapter),
  driver: adapter.description,
  machine,
  tunedKernels,
  repeats,
});

/** Without the folders of files: where they lie on one machine is nothing to others. */
export const commandLine = (words: readonly string[]): string =>
  ['pnpm bench', ...words.map((word) => (isAbsolute(word) ? basename(word) : word))].join(' ');

/** Everything one run of `pnpm bench` found. Times in milliseconds, medians of `n`. */
export interface BenchReport extends ReportHead {
  /** Measured in the same run; the rows' floors come from them. */
  peaks: Peaks;
  rows: Row[];
  /** Each case with and without the `fast` preset; absent where it was not measured. */
  fast?: FastRow[];
  /** Loading and speed of whole models; absent where they were not measured. */
  models?: ModelRow[];
  /** Scores of the last training run; null when there is none. */
  lastRun: RunScores | null;
}

/** Everything one run of `pnpm bench peers` found. */
export interface PeersReport extends ReportHead {
  sideBySide: SideBySide;
  bars: BarResult[];
}

interface AdapterNames {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
}

/** A file name for an adapter: lower-case words of its device name (or whatever else it tells) and hyphens. */
export function adapterSlug({ device, description, vendor, architecture }: AdapterNames): string {
  const name = [device, description, `${vendor} ${architecture}`].find((text) => /[a-z0-9]/i.test(text));
  const slug = (name ?? 'unknown adapter').toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return slug.replace(/^-+|-+$/g, '');
}

/** Seven significant digits: below that lies only noise, and committed files stay readable. */
const rounded = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value;

/** JSON with one field per line, but short objects (a row's timings) kept on one. */
export function reportJson(report: BenchReport | PeersReport): string {
  const text = JSON.stringify(report, rounded, 2);
  // Only innermost objects and lists: those without another bracket inside.
  const compact = text.replace(
    /([[{])\n\s+([^[\]{}]*?)\n\s*([\]}])/g,
    (whole, open, inner: string, close) => {
      const flat = inner.replace(/\n\s+/g, ' ');
      return flat.length <= 90 && !/\\n/.test(flat) ? `${open} ${flat} ${close}` : whole;
    },
  );
  return `${compact}\n`;
}
