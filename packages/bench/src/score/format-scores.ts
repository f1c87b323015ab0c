// The tables `pnpm score` prints.
import {
  summariseSeeds,
  type CaptionScores,
  type Interval,
  type Measure,
  type MeasureComparison,
} from '@foreword/caption-metrics';
import { formatTable, type Column } from '../report/format-table.ts';

/** A score as it is printed: two decimals × 100, four where it is not multiplied. */
export function formatScore(value: number, scale: number): string {
  return scale === 100 ? (100 * value).toFixed(2) : value.toFixed(4);
}

const right = (title: string): Column => ({ title, align: 'right' });
const range = ({ low, high }: Interval, scale: number): string =>
  `${formatScore(low, scale)} … ${formatScore(high, scale)}`;

/** One run's measures, with intervals where there are any. */
export function formatMeasures(measures: readonly Measure[], intervals?: readonly Interval[]): string {
  return formatTable(
    [{ title: 'metric' }, right('score'), ...(intervals ? [right('95 % interval')] : [])],
    measures.map(({ label, value, scale }, i) => [
      label,
      formatScore(value, scale),
      ...(intervals ? [range(intervals[i], scale)] : []),
    ]),
  );
}

/** Two runs side by side. */
export function formatComparison(comparisons: readonly MeasureComparison[]): string {
  return formatTable(
    [{ title: 'metric' }, right('A'), right('B'), right('B − A'), right('95 % interval'), right('p')],
    comparisons.map(({ label, a, b, difference, interval, pValue, scale }) => [
      label,
      formatScore(a, scale),
      formatScore(b, scale),
      signed(formatScore(difference, scale)),
      range(interval, scale),
      pValue < 0.001 ? '< 0.001' : pValue.toFixed(3),
    ]),
  );
}

const signed = (text: string): string => (text.startsWith('-') ? text : `+${text}`);

/** Several runs of one setting: mean ± standard deviation, and every run. */
export function formatSeeds(runs: readonly (readonly Measure[])[]): string {
  return formatTable(
    [{ title: 'metric' }, right('mean ± std'), ...runs.map((_, i) => right(`run ${i + 1}`))],
    runs[0].map(({ label, scale }, m) => {
      const values = runs.map((measures) => measures[m].value);
      const { mean, standardDeviation } = summariseSeeds(values);
      const spread = standardDeviation === null ? '' : ` ± ${formatScore(standardDeviation, scale)}`;
      return [label, formatScore(mean, scale) + spread, ...values.map((value) => formatScore(value, scale))];
    }),
  );
}

/** The measures asked for by domain, and of the entire corpus. */
export function formatGroups(
  { groups, measures, images }: CaptionScores,
  chosen: ReadonlySet<string>,
): string {
  return formatTable(
    [
      { title: 'metric' },
      ...groups.map(({ group, images: own }) => right(`${group} (${own})`)),
      right(`entire (${images})`),
    ],
    measures.flatMap(({ name, label, scale, value }, m) =>
      chosen.has(name)
        ? [
            [
              label,
              ...[...groups.map(({ scores }) => scores[m].value), value].map((x) => formatScore(x, scale)),
            ],
          ]
        : [],
    ),
  );
}

/** What the captions look like apart from the references. */
export function formatStatistics({ statistics: s, images }: CaptionScores): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const lines = [
    `length      ${s.meanLength.toFixed(2)} words on average, ${s.lengths.findIndex((n) => n > 0)} to ${s.lengths.length - 1}`,
    `variety     vocabulary ${s.vocabularySize}, distinct-1 ${formatScore(s.distinct1, 100)}, distinct-2 ${formatScore(s.distinct2, 100)}, self-BLEU ${formatScore(s.selfBleu, 100)}`,
    `unique      ${s.uniqueCaptions} of ${images} captions (${percent(s.uniqueCaptions / images)})`,
  ];
  if (s.novelty !== null) lines.push(`novel       ${percent(s.novelty)} are no training caption`);
  if (s.unfinishedRate !== null)
    lines.push(`unfinished  ${percent(s.unfinishedRate)} were cut off for length`);
  return lines.join('\n');
}

/** What one must know to compare the numbers with others. */
export function formatNotes(
  scores: CaptionScores,
  { resamples, seed }: { resamples: number; seed: number },
): string {
  const sources = {
    references: 'the references scored',
    training: 'the training captions',
    given: `the given table (${Math.round(scores.documentImages).toLocaleString('en')} images)`,
  };
  return [
    'Scores × 100, NIST as it is. Tokens: Penn Treebank, lower case, without punctuation (NIST: mteval-13a).',
    `CIDEr-D: document frequencies of ${sources[scores.documentFrequencySource]}.`,
    ...(resamples > 0
      ? [`Bootstrap over images: ${resamples} resamples, seed ${seed}; p is two-sided.`]
      : []),
  ].join('\n');
}
