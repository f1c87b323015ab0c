// Which rows differ: paired bootstrap over the same pictures, and over seeds.
import { pairedBootstrap, type MeasureComparison, type MeasureName } from '@foreword/caption-metrics';
import { prefixOf, type Study } from '../studies/index.ts';
import { acrossSeeds, type Row } from './rows.ts';

export interface RowComparison {
  a: Row;
  b: Row;
  /** Differences b − a of every measure. */
  measures: MeasureComparison[];
}

export interface CompareOptions {
  /** Bootstrap resamples; default 1,000. */
  resamples?: number;
}

/**
 * Pairs as the study asks: along the lengths, from the shortest to the longest, and each series with the first at equal
 * lengths; or each row with the first of its series.
 */
export function compareRows(
  rows: readonly Row[],
  compare: Study['compare'],
  options: CompareOptions = {},
): RowComparison[] {
  const comparisons: RowComparison[] = [];
  const add = (a: Row, b: Row): void => {
    if (!samePictures(a, b)) return;
    const images = a.runs[0].samples.length;
    // Two ways of captioning the same runs are drawn with the same runs.
    const measures = pairedBootstrap(
      acrossSeeds(a, 1),
      acrossSeeds(b, sameTrainings(a, b) ? 1 : 2),
      images,
      options,
    );
    comparisons.push({ a, b, measures });
  };
  const [first, ...others] = seriesOf(rows);
  for (const series of [first, ...others]) {
    if (compare === 'first') series.slice(1).forEach((row) => add(series[0], row));
    else {
      const sorted = [...series].sort((a, b) => prefixOf(a.variant) - prefixOf(b.variant));
      sorted.slice(1).forEach((row, i) => add(sorted[i], row));
      if (sorted.length > 2) add(sorted[0], sorted.at(-1)!);
    }
  }
  if (compare === 'prefix') {
    for (const row of others.flat()) {
      const equal = first.find(({ variant }) => prefixOf(variant) === prefixOf(row.variant));
      if (equal) add(equal, row);
    }
  }
  return comparisons;
}

/** Rows by their series, in the order of the study. */
export function seriesOf(rows: readonly Row[]): Row[][] {
  const series = new Map<string, Row[]>();
  for (const row of rows) series.set(row.variant.series, [...(series.get(row.variant.series) ?? []), row]);
  return [...series.values()];
}

const pictures = ({ samples }: Row['runs'][number]): string => samples.map(({ image_id }) => image_id).join();

const samePictures = (a: Row, b: Row): boolean =>
  new Set([...a.runs, ...b.runs].map((run) => pictures(run))).size === 1;

const trainings = ({ runs }: Row): string =>
  runs.map(({ cell }) => (cell.kind === 'caption' ? cell.run : cell.id)).join();

const sameTrainings = (a: Row, b: Row): boolean => trainings(a) === trainings(b);

/** Whether both rows are of one series. */
export const isWithin = ({ a, b }: RowComparison): boolean => a.variant.series === b.variant.series;

export const comparisonOf = ({ measures }: RowComparison, name: MeasureName): MeasureComparison =>
  measures.find((measure) => measure.name === name)!;

/** Whether the interval of the difference leaves 0 out. */
export const isDistinguishable = ({ interval }: MeasureComparison): boolean =>
  interval.low > 0 || interval.high < 0;
