// The study's answer in sentences, made of the intervals alone.
import type { MeasureComparison } from '@foreword/caption-metrics';
import { prefixOf, type Study } from '../studies/index.ts';
import { comparisonOf, isDistinguishable, isWithin, seriesOf, type RowComparison } from './compare-rows.ts';
import type { Row } from './rows.ts';

/** A statement and what it rests on. */
export interface Conclusion {
  text: string;
  steps: readonly string[];
}

export interface ConcludeOptions {
  /** Name of the dataset, for the sentence. */
  dataset: string;
  compare: Study['compare'];
}

/** CIDEr-D speaks for captions as a whole; BLEU-4 is what the research note reports. */
const headlines = ['cider-d', 'bleu-4'] as const;

/** The answer for each series, what it rests on step by step, and at the end how far it can be trusted. */
export function conclude(
  rows: readonly Row[],
  comparisons: readonly RowComparison[],
  { dataset, compare }: ConcludeOptions,
): Conclusion[] {
  if (comparisons.length === 0)
    return [{ text: 'There are not two comparable rows yet, so there is no answer.', steps: [] }];
  const within = seriesOf(rows).flatMap((series) => {
    const own = comparisons.filter((comparison) => isWithin(comparison) && series.includes(comparison.a));
    if (own.length === 0) return [];
    const [{ variant }] = series;
    const verdict = compare === 'prefix' ? verdictOf(series, own) : verdictOfRows(own);
    const text = `On ${dataset}, ${variant.series}: ${verdict}`;
    return [{ text, steps: own.map((comparison) => stepOf(comparison, compare)) }];
  });
  const across = seriesOf(rows).flatMap((series) => {
    const own = comparisons.filter((comparison) => !isWithin(comparison) && series.includes(comparison.b));
    if (own.length === 0) return [];
    const [from, to] = [own[0].a.variant.series, series[0].variant.series];
    const text = `On ${dataset}, ${to} beside ${from} at equal length: by CIDEr-D, ${verdictAcross(own)}`;
    return [{ text, steps: own.map((comparison) => stepOf(comparison, compare)) }];
  });
  return [...within, ...across, { text: cautionOf(rows, comparisons.length), steps: [] }];
}

/** Whether longer was better in this series, by CIDEr-D, over neighbours. */
function verdictOf(series: readonly Row[], own: readonly RowComparison[]): string {
  const sorted = [...series].sort((a, b) => prefixOf(a.variant) - prefixOf(b.variant));
  const steps = sorted
    .slice(1)
    .flatMap((row, i) => own.find(({ a, b }) => a === sorted[i] && b === row) ?? []);
  const spans = (sign: -1 | 0 | 1): string[] =>
    steps
      .filter((step) => signOf(comparisonOf(step, 'cider-d')) === sign)
      .map(({ a, b }) => `from ${prefixOf(a.variant)} to ${prefixOf(b.variant)}`);
  const parts = [
    [spans(1), 'a longer prefix captions better'],
    [spans(-1), 'a longer prefix captions worse'],
    [spans(0), 'no difference can be told'],
  ] as const;
  const told = parts.flatMap(([where, what]) => (where.length > 0 ? [`${what} ${where.join(' and ')}`] : []));
  return `by CIDEr-D, ${told.join('; ')}.`;
}

/** Which rows are better and worse than the first, by CIDEr-D. */
function verdictOfRows(own: readonly RowComparison[]): string {
  const named = (sign: -1 | 0 | 1): string[] =>
    own.filter((step) => signOf(comparisonOf(step, 'cider-d')) === sign).map(({ b }) => b.variant.label);
  const parts = [
    [named(1), 'better'],
    [named(-1), 'worse'],
    [named(0), 'not to be told apart'],
  ] as const;
  const told = parts.flatMap(([labels, what]) =>
    labels.length > 0 ? [`${what}: ${labels.join(', ')}`] : [],
  );
  return `by CIDEr-D, beside ${own[0].a.variant.label}, ${told.join('; ')}.`;
}

/** At which lengths a series is better and worse than the first one. */
function verdictAcross(own: readonly RowComparison[]): string {
  const lengths = (sign: -1 | 0 | 1): string[] =>
    own
      .filter((step) => signOf(comparisonOf(step, 'cider-d')) === sign)
      .map(({ b }) => String(prefixOf(b.variant)));
  const parts = [
    [lengths(1), 'better'],
    [lengths(-1), 'worse'],
    [lengths(0), 'not to be told apart'],
  ] as const;
  const told = parts.flatMap(([at, what]) => (at.length > 0 ? [`${what} at P = ${at.join(', ')}`] : []));
  return `${told.join('; ')}.`;
}

const signOf = (measure: MeasureComparison): -1 | 0 | 1 =>
  !isDistinguishable(measure) ? 0 : measure.difference > 0 ? 1 : -1;

function stepOf(comparison: RowComparison, compare: Study['compare']): string {
  const { a, b } = comparison;
  const [at, from, to] = !isWithin(comparison)
    ? [`At P = ${prefixOf(b.variant)}, going`, a.variant.series, b.variant.series]
    : compare === 'prefix'
      ? ['Going', String(prefixOf(a.variant)), String(prefixOf(b.variant))]
      : ['Going', a.variant.label, b.variant.label];
  const parts = headlines.map((name) => {
    const measure = comparisonOf(comparison, name);
    const { label, difference, interval } = measure;
    const [low, high] = [100 * interval.low, 100 * interval.high];
    if (!isDistinguishable(measure)) {
      const range = `95 % interval ${signed(low)} to ${signed(high)}`;
      return `leaves ${label} not distinguishable (${signed(100 * difference)}; ${range})`;
    }
    const [least, most] = [Math.min(Math.abs(low), Math.abs(high)), Math.max(Math.abs(low), Math.abs(high))];
    const size = `${number(100 * Math.abs(difference))} (95 % interval ${number(least)} to ${number(most)})`;
    return `${difference > 0 ? 'raises' : 'lowers'} ${label} by ${size}`;
  });
  return `${at} from ${from} to ${to} ${parts.join(' and ')}.`;
}

const number = (value: number): string => value.toFixed(2);
const signed = (value: number): string => `${value < 0 ? '−' : '+'}${number(Math.abs(value))}`;

function cautionOf(rows: readonly Row[], comparisons: number): string {
  const counts = rows.map(({ runs }) => runs.length);
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
  const seeds = fewest === most ? String(most) : `${fewest} to ${most}`;
  const trained =
    fewest === 1
      ? 'Rows with one seed have intervals that know of other pictures only, not of other trainings: they are too narrow.'
      : `Intervals hold both other pictures and other trainings, as far as ${seeds} seeds can tell.`;
  return (
    `${trained} Scores are × 100, differences from a paired bootstrap. Of ${comparisons} comparisons at 95 %, about ` +
    `one in twenty would leave out 0 by chance where nothing differs.`
  );
}
