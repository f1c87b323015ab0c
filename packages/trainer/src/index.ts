// The trainer's parts for other packages: datasets, runs and their scores.
export { seededRandom, streamSeed } from './data/random.ts';
export { openDataset, type Dataset, type Example, type Split } from './data/dataset.ts';
export { RunFolder, listRuns } from './run/run-folder.ts';
export type { EpochMetrics, StepMetrics } from './run/metrics.ts';
export { linearSchedule } from './train/schedule.ts';
export type { RunRecord } from './run/run-record.ts';
export { quickCounts, toSettings, trainFlags, type Settings } from './train/settings.ts';
export type { ExplainedCaption } from './train/caption-and-score.ts';
export type { Sample, TestScores } from './train/score-test.ts';
export { backbonesRoot, repositoryRoot, runsRoot, shownPath } from './data/repository.ts';
export {
  captionBlankPictures,
  openEmbeddedStep,
  type EmbeddedStep,
  type EmbeddedStepOptions,
} from './train/embedded-step.ts';
