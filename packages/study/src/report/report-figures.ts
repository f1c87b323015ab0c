// The plots of a report.
import { tokenizeCaption, type MeasureName } from '@foreword/caption-metrics';
import { prefixOf } from '../studies/index.ts';
import { seriesOf } from './compare-rows.ts';
import type { Figure } from './document.ts';
import { dotChart } from './dot-chart.ts';
import {
  bestValidation,
  lastLoss,
  rowScore,
  rowScores,
  summariseRow,
  trainScores,
  type Row,
  type RowScore,
} from './rows.ts';
import { xyChart, type ChartPoint, type ChartSeries } from './xy-chart.ts';

const errorNote = 'Error bars: standard deviation over seeds.';

/** A score along the lengths or the trained parameters, one curve per series and split. */
function curves(rows: readonly Row[], name: MeasureName, x: (row: Row) => number | undefined): ChartSeries[] {
  const isTrainScored = rows.some((row) => trainScores(row));
  return seriesOf(rows).flatMap((series, colour): ChartSeries[] => {
    const { series: called } = series[0].variant;
    const points = (scores: (row: Row) => RowScore[] | undefined): ChartPoint[] =>
      series
        .flatMap((row): ChartPoint[] => {
          const at = x(row);
          const score = scores(row)?.find((own) => own.name === name);
          if (at === undefined || !score) return [];
          const { mean, standardDeviation, scale } = score;
          return [{ x: at, y: scale * mean, errorY: scale * (standardDeviation ?? 0) }];
        })
        .sort((a, b) => a.x - b.x);
    if (!isTrainScored) return [{ name: called, colour, points: points(rowScores) }];
    return [
      { name: `${called}, test`, colour, points: points(rowScores) },
      { name: `${called}, training`, colour, dashed: true, points: points(trainScores) },
    ];
  });
}

/** Scores against the prefix length, against trained parameters, and losses against the length. */
export function prefixFigures(rows: readonly Row[]): Figure[] {
  const lengthAxis = { label: 'prefix length P (log scale)', log: true };
  const scores = (['cider-d', 'bleu-4'] as const).map((name): Figure => {
    const { label } = rowScore(rows[0], name);
    const title = `${label} against prefix length`;
    return {
      name: `${name}-by-length`,
      caption: `${title}, test split${rows.some((row) => trainScores(row)) ? ', and part of the training split (dashed)' : ''}. ${errorNote}`,
      svg: xyChart({
        title,
        x: lengthAxis,
        y: { label: `${label} × 100` },
        series: curves(rows, name, ({ variant }) => prefixOf(variant)),
      }),
    };
  });
  const sized = rows.filter(({ runs }) => runs[0].parameters !== undefined);
  const bySize: Figure[] =
    sized.length > 0
      ? [
          {
            name: 'cider-d-by-parameters',
            caption: `CIDEr-D against the number of trained parameters: the MLP grows with the square of its length, so length and size go together. ${errorNote}`,
            svg: xyChart({
              title: 'CIDEr-D against trained parameters',
              x: { label: 'trained parameters (log scale)', log: true },
              y: { label: 'CIDEr-D × 100' },
              series: curves(sized, 'cider-d', ({ runs }) => runs[0].parameters),
            }),
          },
        ]
      : [];
  return [...scores, ...bySize, ...lossesByLength(rows, lengthAxis)];
}

/** Loss on what was trained on and on what was not, side by side: where they part, the mapper learns by heart. */
function lossesByLength(rows: readonly Row[], x: { label: string; log: boolean }): Figure[] {
  const series = seriesOf(rows).flatMap((own, colour): ChartSeries[] =>
    (
      [
        ['training', lastLoss],
        ['validation', bestValidation],
      ] as const
    ).map(([name, loss]) => ({
      name: `${own[0].variant.series}, ${name}`,
      colour,
      dashed: name === 'training',
      points: own
        .flatMap((row): ChartPoint[] => {
          const summary = summariseRow(row, loss);
          return summary
            ? [{ x: prefixOf(row.variant), y: summary.mean, errorY: summary.standardDeviation ?? 0 }]
            : [];
        })
        .sort((a, b) => a.x - b.x),
    })),
  );
  if (series.every(({ points }) => points.length === 0)) return [];
  const title = 'Training and validation loss against prefix length';
  return [
    {
      name: 'loss-by-length',
      caption: `${title}: cross-entropy per token, over the last tenth of the training steps and at the best validation. ${errorNote}`,
      svg: xyChart({ title, x, y: { label: 'cross-entropy per token' }, series }),
    },
  ];
}

/** Points that a training curve is drawn with: more are not seen. */
const curvePoints = 120;

/** Training and validation loss of each row's first seed along the steps. */
export function lossFigure(rows: readonly Row[]): Figure[] {
  const seen = new Set<string>();
  const series = rows.flatMap(({ variant, runs: [{ cell, steps, validations }] }): ChartSeries[] => {
    const run = cell.kind === 'caption' ? cell.run : cell.id;
    if (steps.length < 2 || seen.has(run)) return [];
    seen.add(run);
    const wide = Math.max(1, Math.floor(steps.length / curvePoints));
    const points: ChartPoint[] = [];
    for (let from = 0; from < steps.length; from += wide) {
      const part = steps.slice(from, from + wide);
      points.push({ x: part.at(-1)!.step, y: part.reduce((sum, { loss }) => sum + loss, 0) / part.length });
    }
    const colour = seen.size - 1;
    return [
      { name: `${variant.label}, ${variant.series}`, points, draw: 'line', colour },
      { points: validations.map(({ step, valLoss }) => ({ x: step, y: valLoss })), draw: 'points', colour },
    ];
  });
  if (series.length === 0) return [];
  const title = 'Losses along the training';
  return [
    {
      name: 'training-loss',
      caption: `${title} of each row's first seed: training loss as means of neighbouring steps (lines), validation loss (dots).`,
      svg: xyChart({ title, x: { label: 'step' }, y: { label: 'cross-entropy per token' }, series }),
    },
  ];
}

/** One dot per row. */
export const rowFigure = (rows: readonly Row[]): Figure => ({
  name: 'cider-d-by-row',
  caption: `CIDEr-D of each row, test split. ${errorNote}`,
  svg: dotChart({
    title: 'CIDEr-D of each row',
    label: 'CIDEr-D × 100',
    dots: rows.map((row) => {
      const { mean, standardDeviation, scale } = rowScore(row, 'cider-d');
      return { name: row.variant.label, value: scale * mean, error: scale * (standardDeviation ?? 0) };
    }),
  }),
});

/** Quality against variety of the ways of decoding. */
export function varietyFigure(rows: readonly Row[]): Figure {
  const points = rows.map((row): ChartPoint => {
    const variety = summariseRow(row, ({ scores }) => scores.statistics.selfBleu)!;
    const { mean, standardDeviation, scale } = rowScore(row, 'cider-d');
    return {
      x: 100 * variety.mean,
      errorX: 100 * (variety.standardDeviation ?? 0),
      y: scale * mean,
      errorY: scale * (standardDeviation ?? 0),
      label: row.variant.label,
    };
  });
  const title = 'Quality against sameness';
  return {
    name: 'quality-by-self-bleu',
    caption: `${title}: CIDEr-D against self-BLEU of all captions together (left is more varied). ${errorNote}`,
    svg: xyChart({
      title,
      x: { label: 'self-BLEU × 100 (lower is more varied)' },
      y: { label: 'CIDEr-D × 100' },
      series: [{ name: 'decoding', points, draw: 'points' }],
    }),
  };
}

/** Shares of captions by their number of words, one curve per row, and those of the references. */
export function lengthFigure(rows: readonly Row[]): Figure {
  const shares = (captions: readonly string[]): ChartPoint[] => {
    const counts = new Map<number, number>();
    for (const caption of captions) {
      const words = tokenizeCaption(caption).length;
      counts.set(words, (counts.get(words) ?? 0) + 1);
    }
    const [least, most] = [Math.min(...counts.keys()), Math.max(...counts.keys())];
    return Array.from({ length: most - least + 1 }, (_, i) => ({
      x: least + i,
      y: (100 * (counts.get(least + i) ?? 0)) / captions.length,
    }));
  };
  const references = rows[0].runs[0].samples.flatMap((sample) => sample.references);
  const title = 'Length of the captions';
  return {
    name: 'caption-lengths',
    caption: `${title}: share of the test captions, of all seeds together, by their number of words (tokens of the metrics); dashed, the references.`,
    svg: xyChart({
      title,
      x: { label: 'words' },
      y: { label: '% of the captions' },
      series: [
        ...rows.map((row): ChartSeries => ({
          name: `${row.variant.label}, ${row.variant.series}`,
          draw: 'line',
          points: shares(row.runs.flatMap(({ samples }) => samples.map(({ caption }) => caption))),
        })),
        { name: 'references', draw: 'line', dashed: true, colour: 6, points: shares(references) },
      ],
    }),
  };
}
