// The rows of a report: runs that differ in their seed alone, and their means and spreads.
import {
  summariseSeeds,
  type CaptionScores,
  type Measure,
  type MeasureName,
  type SeedSummary,
} from '@foreword/caption-metrics';
import { seededRandom, streamSeed } from '@foreword/trainer';
import type { Variant } from '../studies/index.ts';
import type { RunResult } from './read-runs.ts';

export interface Row {
  variant: Variant;
  /** One per seed that is done, in the order of the seeds; at least one. */
  runs: RunResult[];
}

/** A score of a row, as computed, not × 100. */
export interface RowScore extends SeedSummary {
  name: MeasureName;
  label: string;
  scale: number;
  values: number[];
}

/** Scores of the test split. */
export const rowScores = ({ runs }: Row): RowScore[] => scoresOfSplit(runs.map(({ scores }) => scores));

/** Scores of the captioned part of the training split; undefined unless every run has them. */
export function trainScores({ runs }: Row): RowScore[] | undefined {
  const train = runs.flatMap(({ train: own }) => own ?? []);
  return train.length === runs.length ? scoresOfSplit(train) : undefined;
}

const scoresOfSplit = (runs: readonly CaptionScores[]): RowScore[] =>
  runs[0].measures.map(({ name, label, scale }, m) => {
    const values = runs.map(({ measures }) => measures[m].value);
    return { name, label, scale, values, ...summariseSeeds(values) };
  });

/** One score of a row. */
export const rowScore = (row: Row, name: MeasureName): RowScore =>
  rowScores(row).find((score) => score.name === name)!;

/** Mean and spread over the seeds of anything that a run has. */
export function summariseRow(
  row: Row,
  value: (run: RunResult) => number | undefined,
): SeedSummary | undefined {
  const values = row.runs.map(value).filter((v) => v !== undefined && Number.isFinite(v)) as number[];
  return values.length > 0 ? summariseSeeds(values) : undefined;
}

/** Mean training loss over the last tenth of the steps. */
export function lastLoss({ steps }: RunResult): number | undefined {
  const last = steps.slice(-Math.max(1, Math.floor(steps.length / 10)));
  return last.length > 0 ? last.reduce((sum, { loss }) => sum + loss, 0) / last.length : undefined;
}

export const bestValidation = ({ validations }: RunResult): number | undefined =>
  validations.length > 0 ? Math.min(...validations.map(({ valLoss }) => valLoss)) : undefined;

/**
 * The row's scores as measures of the mean over seeds, for the bootstrap. Each resample draws the seeds with replacement
 * too, so that intervals hold both what other pictures and what other trainings would have given. Drawn means of n seeds
 * spread by √((n − 1)/n) less than means of n trainings do (their variance has n where n − 1 is right), which is made up
 * for. With one seed only the pictures are drawn.
 *
 * @param stream equal for rows that are drawn with the same seeds, different for rows drawn independently
 */
export function acrossSeeds(row: Row, stream: number): Measure[] {
  const { runs } = row;
  const n = runs.length;
  return rowScores(row).map(({ name, label, scale, mean: value }, m) => {
    const draw = seededRandom(streamSeed(1, stream, m));
    const measures = runs.map(({ scores }) => scores.measures[m]);
    const resampled = (times: ArrayLike<number>): number => {
      const own = measures.map((measure) => measure.resampled(times));
      const mean = own.reduce((sum, v) => sum + v, 0) / n;
      if (n === 1) return mean;
      let drawn = 0;
      for (let i = 0; i < n; i++) drawn += own[Math.floor(draw() * n)] / n;
      return mean + Math.sqrt(n / (n - 1)) * (drawn - mean);
    };
    return { name, label, scale, value, resampled };
  });
}
