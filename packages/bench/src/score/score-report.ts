// What `pnpm score --json` writes. Values are as computed, not × 100.
import {
  summariseSeeds,
  type CaptionScores,
  type CaptionStatistics,
  type DocumentFrequencySource,
  type GroupScores,
  type ImageScores,
  type Interval,
  type Measure,
  type MeasureComparison,
  type MeasureName,
  type SeedSummary,
} from '@foreword/caption-metrics';

export interface ScoreReport {
  format: 1;
  /** Results files; several are seeds of one setting. */
  results: readonly string[];
  references: string;
  images: number;
  documentFrequencies: DocumentFrequencySource;
  bootstrap: { resamples: number; seed: number; level: number };
  scores: {
    name: MeasureName;
    label: string;
    /** Of the run, or the mean over seeds. */
    value: number;
    /** Of one run, where the bootstrap was asked for. */
    interval?: Interval;
    seeds?: SeedSummary & { values: number[] };
  }[];
  /** The results file compared with (B). */
  compare?: string;
  comparison?: readonly MeasureComparison[];
  /** Of every run, where the references have domains (nocaps). */
  domains?: readonly GroupScores[][];
  /** Of every run. */
  statistics: CaptionStatistics[];
  /** Of one run. */
  perImage?: ImageScores[];
}

/** @param runs the scores of every results file, and of each the measures that were asked for */
export function scoreReport(
  runs: readonly { scores: CaptionScores; measures: readonly Measure[] }[],
  about: {
    results: readonly string[];
    references: string;
    bootstrap: ScoreReport['bootstrap'];
    intervals?: readonly Interval[];
    compare?: string;
    comparison?: readonly MeasureComparison[];
  },
): ScoreReport {
  const [{ scores, measures }] = runs;
  const { intervals, ...given } = about;
  return {
    format: 1,
    ...given,
    images: scores.images,
    documentFrequencies: scores.documentFrequencySource,
    scores: measures.map(({ name, label }, m) => {
      const values = runs.map((run) => run.measures[m].value);
      const seeds = summariseSeeds(values);
      return {
        name,
        label,
        value: seeds.mean,
        ...(intervals && { interval: intervals[m] }),
        ...(runs.length > 1 && { seeds: { ...seeds, values } }),
      };
    }),
    ...(scores.groups.length > 0 && { domains: runs.map((run) => run.scores.groups) }),
    statistics: runs.map((run) => run.scores.statistics),
    ...(runs.length === 1 && { perImage: scores.perImage }),
  };
}
