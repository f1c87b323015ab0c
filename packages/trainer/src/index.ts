// The trainer's parts for other packages: datasets, runs and their scores.
export { openDataset, type Dataset, type Example, type Split } from './data/dataset.ts';
export { RunFolder, listRuns, type EpochMetrics, type StepMetrics } from './run/run-folder.ts';
export { linearSchedule } from './train/schedule.ts';
export type { Settings } from './train/settings.ts';
export type { Sample, TestScores } from './train/score-test.ts';
export { runsRoot } from './data/repository.ts';
export { openEmbeddedStep, type EmbeddedStep, type EmbeddedStepOptions } from './train/embedded-step.ts';
