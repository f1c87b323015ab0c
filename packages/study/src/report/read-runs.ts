// Finished cells as a report needs them: captions, their scores, losses, sizes, times.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { scoreCaptions, type CaptionScores } from '@foreword/caption-metrics';
import { CommandError } from '@foreword/cli-kit';
import {
  RunFolder,
  type EpochMetrics,
  type ExplainedCaption,
  type RunRecord,
  type Sample,
  type StepMetrics,
} from '@foreword/trainer';
import { countParameters } from '../cells/model-sizes.ts';
import type { Cell } from '../cells/plan-cells.ts';

export interface RunResult {
  cell: Cell;
  /** In the order of their image ids. */
  samples: Sample[];
  scores: CaptionScores;
  /** Of a part of the training split, where it was captioned. */
  train?: CaptionScores;
  /** One test caption, and what its prefix was read as; of a training whose prefix has rows. */
  explained?: ExplainedCaption;
  /** Of the training, also where it was captioned anew. */
  record: Partial<RunRecord>;
  steps: StepMetrics[];
  validations: EpochMetrics[];
  /** Numbers in the best checkpoint: those that were trained; undefined without the checkpoint. */
  parameters?: number;
  /** Of preparing, training and captioning; of a run that was captioned anew, of that alone. */
  seconds: number;
}

/**
 * The result of a cell that is done.
 * @throws CommandError when its files are damaged
 */
export async function readRun(cell: Cell, folder: string): Promise<RunResult> {
  const own = new RunFolder(join(folder, cell.id));
  const trained = cell.kind === 'caption' ? new RunFolder(join(folder, cell.run)) : own;
  const samples = (await own.readLines<Sample>('samples.jsonl')).sort((a, b) => byId(a.image_id, b.image_id));
  if (samples.length === 0) {
    throw new CommandError(`${own.file('samples.jsonl')} has no captions`, {
      cure: 'remove the folder and run the study again',
    });
  }
  const trainSamples = await own.readLines<Sample>('train-samples.jsonl');
  const { seconds = {} } = (await own.readJson('summary.json')) as { seconds?: Record<string, number> };
  const checkpoint = trained.file('checkpoints/best.safetensors');
  return {
    cell,
    samples,
    scores: scoresOf(samples),
    ...(trainSamples.length > 0 && { train: scoresOf(trainSamples) }),
    ...((await isFile(own.file('explained.json'))) && {
      explained: (await own.readJson('explained.json')) as unknown as ExplainedCaption,
    }),
    record: await trained.readJson('config.json'),
    steps: await trained.readLines<StepMetrics>('metrics.jsonl'),
    validations: await trained.readLines<EpochMetrics>('validation.jsonl'),
    ...((await isFile(checkpoint)) && { parameters: await countParameters(checkpoint) }),
    seconds: Object.values(seconds).reduce((sum, s) => sum + s, 0),
  };
}

const scoresOf = (samples: readonly Sample[]): CaptionScores =>
  scoreCaptions({
    results: samples.map(({ image_id, caption, finished }) => ({ image_id, caption, finished })),
    references: samples.flatMap(({ image_id, references }) =>
      references.map((caption) => ({ image_id, caption })),
    ),
  });

const isFile = async (path: string): Promise<boolean> =>
  await stat(path).then(
    () => true,
    () => false,
  );

/** Numbers in their order, and before names. */
function byId(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : Number(a > b);
}
