// The study's answer in sentences, made of the intervals alone.
import type { MeasureComparison } from '@foreword/caption-metrics';
import { prefixOf, type Study } from '../studies/index.ts';
import { comparisonOf, isDistinguishable, seriesOf, type RowComparison } from './compare-rows.ts';
import type { Row } from './rows.ts';

export interface ConcludeOptions {
  /** Name of the dataset, for the sentence. */
  dataset: string;
  compare: Study['compare'];
}

/** CIDEr-D speaks for captions as a whole; BLEU-4 is what the research note reports. */
const headlines = ['cider-d', 'bleu-4'] as const;

/** Paragraphs: the answer, what it rests on step by step, and how far it can be trusted. */
export function conclude(
  rows: readonly Row[],
  comparisons: readonly RowComparison[],
  { dataset, compare }: ConcludeOptions,
): string[] {
  if (comparisons.length === 0) return ['There are not two comparable rows yet, so there is no answer.'];
  const paragraphs = seriesOf(rows).flatMap((series) => {
    const own = comparisons.filter(({ a }) => series.includes(a));
    if (own.length === 0) return [];
    const [{ variant }] = series;
    const verdict = compare === 'prefix' ? [`${verdictOf(series, own)}`] : [];
    const steps = own.map((comparison) => stepOf(comparison, compare));
    return [`On ${dataset}, ${variant.series}: ${[...verdict, ...steps].join(' ')}`];
  });
  return [...paragraphs, cautionOf(rows, comparisons.length)];
}

/** Whether longer was better in this series, by CIDEr-D, over neighbours. */
function verdictOf(series: readonly Row[], own: readonly RowComparison[]): string {
  const sorted = [...series].sort((a, b) => prefixOf(a.variant) - prefixOf(b.variant));
  const steps = sorted
    .slice(1)
    .flatMap((row, i) => own.find(({ a, b }) => a === sorted[i] && b === row) ?? []);
  const signs = steps.map((step) => signOf(comparisonOf(step, 'cider-d')));
  const [from, to] = [prefixOf(sorted[0].variant), prefixOf(sorted.at(-1)!.variant)];
  if (signs.every((sign) => sign > 0))
    return `by CIDEr-D every longer prefix captions better, from ${from} to ${to}.`;
  if (signs.every((sign) => sign === 0)) return `by CIDEr-D no neighbouring lengths can be told apart.`;
  const lastGain = signs.lastIndexOf(1);
  const gained = lastGain < 0 ? '' : ` up to ${prefixOf(steps[lastGain].b.variant)}`;
  if (signs.includes(-1)) {
    const losses = steps
      .filter((_, i) => signs[i] < 0)
      .map(({ a, b }) => `${prefixOf(a.variant)} to ${prefixOf(b.variant)}`);
    const gains = gained === '' ? 'no step gains' : `there are gains${gained}`;
    return `by CIDEr-D a longer prefix is not always better: ${gains}, and it loses from ${losses.join(' and ')}.`;
  }
  return `by CIDEr-D longer prefixes caption better${gained}; not every step can be told from none.`;
}

const signOf = (measure: MeasureComparison): -1 | 0 | 1 =>
  !isDistinguishable(measure) ? 0 : measure.difference > 0 ? 1 : -1;

function stepOf(comparison: RowComparison, compare: Study['compare']): string {
  const { a, b } = comparison;
  const [from, to] =
    compare === 'prefix'
      ? [String(prefixOf(a.variant)), String(prefixOf(b.variant))]
      : [a.variant.label, b.variant.label];
  const parts = headlines.map((name) => {
    const measure = comparisonOf(comparison, name);
    const { label, difference } = measure;
    if (!isDistinguishable(measure)) return `${label} is not distinguishable (${range(measure)})`;
    return `${difference > 0 ? 'raises' : 'lowers'} ${label} by ${number(Math.abs(difference) * 100)} (${range(measure)})`;
  });
  return `Going from ${from} to ${to}: ${parts.join('; ')}.`;
}

/** The difference's interval × 100. */
const range = ({ difference, interval: { low, high } }: MeasureComparison): string =>
  `${signed(difference * 100)}, 95 % interval ${signed(low * 100)} to ${signed(high * 100)}`;

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
