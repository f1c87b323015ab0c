// report.json: the figures of a report for programs. Scores are as computed, not × 100.
import type { CaptionStatistics, MeasureComparison, SeedSummary } from '@foreword/caption-metrics';
import type { Conclusion } from './conclude.ts';
import type { ReportParts } from './build-report.ts';
import {
  bestValidation,
  lastLoss,
  rowScores,
  summariseRow,
  trainScores,
  type Row,
  type RowScore,
} from './rows.ts';

export interface ReportJson {
  /** Raised whenever a field changes its meaning. */
  format: 2;
  study: string;
  question: string;
  command: string;
  conclusion: readonly Conclusion[];
  missing: readonly string[];
  rows: {
    label: string;
    series: string;
    flags: Readonly<Record<string, unknown>>;
    decode?: string;
    /** Names of the cells' folders, one per seed. */
    cells: string[];
    scores: RowScore[];
    /** On a part of the training split, where it was captioned. */
    trainScores?: RowScore[];
    statistics: CaptionStatistics[];
    trainedParameters?: number;
    seconds?: SeedSummary;
    lastTrainingLoss?: SeedSummary;
    bestValidationLoss?: SeedSummary;
  }[];
  /** Differences b − a. */
  comparisons: {
    a: { label: string; series: string };
    b: { label: string; series: string };
    measures: MeasureComparison[];
  }[];
}

const named = ({ variant: { label, series } }: Row): { label: string; series: string } => ({ label, series });

export const reportJson = ({
  name,
  study,
  plan,
  rows,
  comparisons,
  conclusion,
  missing,
}: ReportParts): ReportJson => ({
  format: 2,
  study: name,
  question: study.question,
  command: plan.command,
  conclusion,
  missing,
  rows: rows.map((row) => {
    const { variant, runs } = row;
    const { label, series, flags, decode } = variant;
    return {
      label,
      series,
      flags: { ...plan.everyCell, ...flags },
      decode,
      cells: runs.map(({ cell }) => cell.id),
      scores: rowScores(row),
      trainScores: trainScores(row),
      statistics: runs.map(({ scores }) => scores.statistics),
      trainedParameters: runs[0].parameters,
      seconds: summariseRow(row, ({ seconds }) => seconds),
      lastTrainingLoss: summariseRow(row, lastLoss),
      bestValidationLoss: summariseRow(row, bestValidation),
    };
  }),
  comparisons: comparisons.map(({ a, b, measures }) => ({ a: named(a), b: named(b), measures })),
});
