// What a bar is, how it is judged by a comparison, and the table of bars.
import { isFailed, type FailedEntry, type SideBySide, type WorkEntry } from '../engines/compare-engines.ts';
import { formatNumber, formatTable } from './format-table.ts';

/** One bar; `measured` and `holds` are null where this run did not measure it, and `why` says why. */
export interface BarResult {
  name: string;
  bar: string;
  measured: number | null;
  unit: '×' | 's' | '%';
  holds: boolean | null;
  why?: string;
}

/** A number, or why there is none. */
export type Measured = { value: number } | { why: string };

export interface Bar extends Pick<BarResult, 'name' | 'unit'> {
  wanted: { atLeast: number } | { atMost: number };
  measure(entries: Entries): Measured;
}

/** Looks up what engines did in a work. */
export class Entries {
  readonly #compared: Pick<SideBySide, 'works' | 'engines'>;

  constructor(compared: Pick<SideBySide, 'works' | 'engines'>) {
    this.#compared = compared;
  }

  /** This or that engine's entry, or why there is none that counts: a peer's counts only where it computed the same. */
  of(work: string, engine: string): WorkEntry | { why: string } {
    const failed = this.#compared.engines.find((e) => e.id === engine && isFailed(e));
    if (failed && isFailed(failed)) return { why: `${engine}: ${failed.problem}` };
    const entry: WorkEntry | FailedEntry | undefined = this.#compared.works
      .find(({ id }) => id === work)
      ?.entries.find((found) => found.engine === engine);
    if (!entry) return { why: `${work} was not run beside ${engine}` };
    if (isFailed(entry)) return { why: `${engine}: ${entry.problem}` };
    if (entry.agrees === false) return { why: `the results of ${engine} differ` };
    return entry;
  }

  /** The peer's time over ours. */
  ratio(work: string, peer: string): Measured {
    const entry = this.of(work, peer);
    if ('why' in entry) return entry;
    return entry.ratio ? { value: entry.ratio.median } : { why: `${peer} has no ratio` };
  }
}

/** A bar on a peer's time over ours. */
export const ratioBar = (name: string, work: string, peer: string, times: number): Bar => ({
  name,
  unit: '×',
  wanted: { atLeast: times },
  measure: (entries) => entries.ratio(work, peer),
});

/** Judges the bars. */
export function judgeBars(
  bars: readonly Bar[],
  compared: Pick<SideBySide, 'works' | 'engines'>,
): BarResult[] {
  const entries = new Entries(compared);
  return bars.map((bar) => judge(bar, bar.measure(entries)));
}

/** Bars of a run that could measure none of them. */
export const unmeasuredBars = (bars: readonly Bar[], why: string): BarResult[] =>
  bars.map((bar) => judge(bar, { why }));

function judge({ name, unit, wanted }: Bar, measured: Measured): BarResult {
  const space = unit === '×' ? '' : ' ';
  const bar =
    'atLeast' in wanted
      ? `at least ${wanted.atLeast}${space}${unit}`
      : `at most ${wanted.atMost}${space}${unit}`;
  if ('why' in measured) return { name, bar, measured: null, unit, holds: null, why: measured.why };
  const { value } = measured;
  const holds = 'atLeast' in wanted ? value >= wanted.atLeast : value <= wanted.atMost;
  return { name, bar, measured: value, unit, holds };
}

/** The bars as a table: met, missed, or unmeasured and why. */
export function formatBars(bars: readonly BarResult[]): string {
  const rows = bars.map(({ name, bar, measured, unit, holds, why }) => [
    name,
    bar,
    measured === null ? '–' : `${formatNumber(measured)} ${unit}`,
    holds === null ? `unmeasured${why ? `: ${why.split('\n')[0]}` : ''}` : holds ? 'met' : 'missed',
  ]);
  return formatTable(
    [{ title: 'bar' }, { title: 'wanted' }, { title: 'measured', align: 'right' }, { title: 'result' }],
    rows,
  );
}
