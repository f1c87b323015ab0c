// A run that begins with the weights of another one (`--init RUN`).
import { resolve } from 'node:path';
import { CommandError } from '@foreword/cli-kit';
import type { Backbones } from '../features/backbones.ts';
import type { BackbonePlaces } from '../features/backbone-places.ts';
import { shownPath } from '../data/repository.ts';
import type { Settings } from '../train/settings.ts';
import { restoreCheckpoint, type Trained } from './checkpoint.ts';
import { RunFolder } from './run-folder.ts';
import { recordedBackbones, type RunRecord } from './run-record.ts';

/** Settings of how a run learns. The others, of what is trained on which data, hold for the second run too, unless a flag says otherwise. */
const ownSettings: readonly string[] = [
  'epochs',
  'batch',
  'lr',
  'warmup',
  'seed',
  'objective',
  'samples',
  'init',
  'labelSmoothing',
  'strict',
  'shuffleFeatures',
] satisfies (keyof Settings)[];

export interface InitRun {
  folder: RunFolder;
  /** Values of flags. */
  base: Record<string, unknown>;
  places: BackbonePlaces;
  record: Partial<RunRecord>;
}

/** @throws CommandError when the folder holds no run, or one that was trained on texts only */
export async function openInitRun(path: string): Promise<InitRun> {
  const folder = new RunFolder(resolve(path));
  const recorded = await folder.readJson('config.json');
  const record: Partial<RunRecord> = recorded;
  if (record.featureSpace !== undefined) {
    throw new CommandError(`the run ${shownPath(folder.path)} was trained on texts only`, {
      cure: 'give --init a run that was trained on pictures',
    });
  }
  const base = Object.fromEntries(
    Object.entries(record.settings ?? {}).filter(([key]) => !ownSettings.includes(key)),
  );
  return { folder, base, places: recordedBackbones(folder, recorded), record };
}

/**
 * Puts the best weights of the run into the models.
 * @throws CommandError when they do not fit, or belong to other frozen models
 */
export async function initialiseFrom(
  { folder, record }: InitRun,
  trained: Trained,
  { clipHash, gpt2Hash }: Pick<Backbones, 'clipHash' | 'gpt2Hash'>,
): Promise<void> {
  const run = shownPath(folder.path);
  if (record.weights?.clip !== clipHash || record.weights.gpt2 !== gpt2Hash) {
    throw new CommandError(`the run ${run} was trained with another CLIP or GPT-2`, {
      cure: 'leave out --backbones, --clip and --gpt2, or give another --init',
    });
  }
  if (record.settings?.tuneGpt2 && !trained.tuneGpt2) {
    throw new CommandError(`the run ${run} tuned GPT-2; a frozen one would lose that`, {
      cure: 'leave out --no-tune-gpt2, or give another --init',
    });
  }
  await restoreCheckpoint(folder.file('checkpoints/best.safetensors'), trained);
}
