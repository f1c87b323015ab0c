// The tables of a report: ours with mean ± standard deviation over seeds, and cited rows where a paper has such a table.
import type { MeasureName, SeedSummary } from '@foreword/caption-metrics';
import { formatDuration } from '../cells/format-list.ts';
import { comparisonOf, isDistinguishable, isWithin, type RowComparison } from './compare-rows.ts';
import type { Table } from './document.ts';
import { clipCapRows, noteRows, prefixTuningRows } from './published.ts';
import { rowScore, rowScores, summariseRow, trainScores, type Row, type RowScore } from './rows.ts';

/** `27.31 ± 0.42`, one value alone without spread, `–` for none. */
export function plusMinus(summary: SeedSummary | undefined, scale = 1, digits = 2): string {
  if (!summary) return '–';
  const { mean, standardDeviation } = summary;
  const text = (mean * scale).toFixed(digits);
  return standardDeviation === null ? text : `${text} ± ${(standardDeviation * scale).toFixed(digits)}`;
}

export const rowName = ({ variant: { label, series } }: Row): string => `${label}, ${series}`;

const scored = (row: Row, name: MeasureName): string => {
  const score = rowScore(row, name);
  return plusMinus(score, score.scale);
};

const cited = (value: number | undefined): string => value?.toFixed(2) ?? '–';
const bleus = ['bleu-1', 'bleu-2', 'bleu-3', 'bleu-4'] as const;

/** The research note's table: BLEU-1..4. */
export const noteTable = (rows: readonly Row[]): Table => ({
  name: 'note-table',
  caption: "The research note's table: BLEU × 100, corpus level as in coco-caption.",
  columns: ['row', 'BLEU-1', 'BLEU-2', 'BLEU-3', 'BLEU-4', 'seeds'],
  rows: [
    ...noteRows.map(({ label, bleu }) => [`${label} (cited)`, ...bleu.map(cited), '–']),
    ...rows.map((row) => [rowName(row), ...bleus.map((name) => scored(row, name)), String(row.runs.length)]),
  ],
});

/** Every measure of every row. */
export function scoreTable(rows: readonly Row[]): Table {
  const [first] = rows;
  return {
    name: 'scores',
    caption: 'All scores, × 100 but NIST; mean ± standard deviation over seeds.',
    columns: ['row', ...rowScores(first).map(({ label }) => label), 'seeds'],
    rows: rows.map((row) => [
      rowName(row),
      ...rowScores(row).map((score) => plusMinus(score, score.scale)),
      String(row.runs.length),
    ]),
  };
}

/** Scores on what was trained on beside those on what was not; none where no training split was captioned. */
export function trainTable(rows: readonly Row[]): Table[] {
  const shown = ['cider-d', 'bleu-4', 'meteor', 'rouge-l'] as const;
  const of = (scores: readonly RowScore[], name: MeasureName): RowScore =>
    scores.find((score) => score.name === name)!;
  const body = rows.flatMap((row) => {
    const [train, test] = [trainScores(row), rowScores(row)];
    if (!train) return [];
    const cells = shown.flatMap((name) => {
      const [own, other] = [of(train, name), of(test, name)];
      return [plusMinus(own, own.scale), signed(own.scale * (own.mean - other.mean))];
    });
    return [[rowName(row), ...cells, String(row.runs[0].train!.images)]];
  });
  if (body.length === 0) return [];
  const labels = shown.flatMap((name) => [rowScore(rows[0], name).label, '− test']);
  return [
    {
      name: 'training-split',
      caption:
        'Scores × 100 on pictures of the training split, evenly spread over it, and how much higher they are than on the test split: what a mapper has learnt by heart. CIDEr-D weighs n-grams by the references of the pictures scored, so its two columns compare best where both have equally many pictures.',
      columns: ['row', ...labels, 'pictures'],
      rows: body,
    },
  ];
}

/** ClipCap's table: scores beside what they cost. */
export function costTable(rows: readonly Row[]): Table {
  const meteor = rowScore(rows[0], 'meteor').label;
  return {
    name: 'clipcap-table',
    caption: `ClipCap's table. Ours has ${meteor}; SPICE is not computed here (n/a). Time is one run's, with its captions.`,
    columns: ['row', 'BLEU-4', 'METEOR', 'CIDEr', 'SPICE', 'trained parameters', 'time'],
    rows: [
      ...clipCapRows.map(({ label, bleu4, meteor: m, cider, spice, parametersM, time }) => [
        `${label} (cited)`,
        ...[bleu4, m, cider, spice].map(cited),
        `${parametersM} M`,
        time,
      ]),
      ...rows.map((row) => [
        rowName(row),
        ...(['bleu-4', 'meteor', 'cider-d'] as const).map((name) => scored(row, name)),
        'n/a',
        row.runs[0].parameters?.toLocaleString('en') ?? '–',
        formatDuration(summariseRow(row, ({ seconds }) => seconds)?.mean ?? 0),
      ]),
    ],
  };
}

/** Prefix-tuning's table, whose CIDEr is not × 100. */
export const prefixTuningTable = (rows: readonly Row[]): Table => ({
  name: 'prefix-tuning-table',
  caption: `Prefix-tuning's table: BLEU-4, METEOR and ROUGE-L × 100, NIST and CIDEr as they are. Ours has ${rowScore(rows[0], 'meteor').label}.`,
  columns: ['row', 'BLEU', 'NIST', 'METEOR', 'ROUGE-L', 'CIDEr'],
  rows: [
    ...prefixTuningRows.map(({ label, scores }) => [`${label} (cited)`, ...scores.map(cited)]),
    ...rows.map((row) => [
      rowName(row),
      ...(['bleu-4', 'nist', 'meteor', 'rouge-l'] as const).map((name) => scored(row, name)),
      plusMinus(rowScore(row, 'cider-d')),
    ]),
  ],
});

/** What the captions are like apart from their references. */
export const statisticsTable = (rows: readonly Row[]): Table => ({
  name: 'captions',
  caption:
    'The captions themselves: words per caption, different words, different captions, distinct-1 and -2, self-BLEU, cut for length; named rightly: share of captions that name some colour or kind and none that is not there, where the scene is known.',
  columns: [
    'row',
    'length',
    'vocabulary',
    'unique %',
    'distinct-1',
    'distinct-2',
    'self-BLEU',
    'cut %',
    'named rightly %',
  ],
  rows: rows.map((row) => {
    const of = (value: Parameters<typeof summariseRow>[1], scale = 1, digits = 2): string =>
      plusMinus(summariseRow(row, value), scale, digits);
    return [
      rowName(row),
      of(({ scores }) => scores.statistics.meanLength),
      of(({ scores }) => scores.statistics.vocabularySize, 1, 0),
      of(({ scores: { statistics: s } }) => s.uniqueCaptions / s.captions, 100, 1),
      of(({ scores }) => scores.statistics.distinct1, 1, 3),
      of(({ scores }) => scores.statistics.distinct2, 1, 3),
      of(({ scores }) => scores.statistics.selfBleu, 100, 1),
      of(({ scores }) => scores.statistics.unfinishedRate ?? undefined, 100, 1),
      of(namedRightly, 100, 1),
    ];
  }),
});

function namedRightly({ samples }: Row['runs'][number]): number | undefined {
  const judged = samples.filter((s) => s.namedRight !== undefined);
  return judged.length > 0 ? judged.filter((s) => s.namedRight).length / judged.length : undefined;
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;

function pairName(comparison: RowComparison): string {
  const [a, b] = [comparison.a.variant, comparison.b.variant];
  return isWithin(comparison)
    ? `${a.label} → ${b.label}, ${a.series}`
    : `${a.series} → ${b.series}, ${b.label}`;
}

/** Differences with their intervals. */
export function comparisonTable(comparisons: readonly RowComparison[]): Table {
  const shown = ['cider-d', 'bleu-4', 'meteor', 'rouge-l'] as const;
  return {
    name: 'comparisons',
    caption:
      'Differences × 100 with 95 % intervals and p-values: paired bootstrap over pictures and seeds, 1,000 resamples. An asterisk: the interval leaves out 0.',
    columns: ['from → to', ...shown.map((name) => comparisonOf(comparisons[0], name).label)],
    rows: comparisons.map((comparison) => [
      pairName(comparison),
      ...shown.map((name) => {
        const measure = comparisonOf(comparison, name);
        const { difference, interval, pValue } = measure;
        const mark = isDistinguishable(measure) ? '*' : '';
        return `${signed(100 * difference)}${mark} (${signed(100 * interval.low)} to ${signed(100 * interval.high)}; p ${pValue.toFixed(3)})`;
      }),
    ]),
  };
}
