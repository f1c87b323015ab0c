// config.json of a run: written when it begins, checked when it goes on.
import { resolve } from 'node:path';
import { CommandError, flagName, parseFlags, UsageError } from '@foreword/cli-kit';
import { parseRunConfig, type RunConfig } from '@foreword/prefix-mapper';
import type { AdapterSummary, Tuning } from '@foreword/tensor/node';
import { splits, type Split } from '../data/dataset.ts';
import { isOnHub, type BackbonePlaces } from '../features/backbone-places.ts';
import { shownPath } from '../data/repository.ts';
import type { Prepared } from '../train/prepare.ts';
import { toSettings, trainFlags, type Settings, type TrainFlags } from '../train/settings.ts';
import type { RunFolder } from './run-folder.ts';

/** Everything a run was made with; captioning reads the part that is `RunConfig`. */
export interface RunRecord extends RunConfig {
  settings: Settings;
  maxSteps: number | undefined;
  saveEvery?: string;
  /** `pictures`: how many could be read, by split. */
  dataset: { name: string; digest: string; pictures: Record<Split, number> };
  /** SHA-256 of the backbones' weight files. */
  weights: { clip: string; gpt2: string };
  adapter: AdapterSummary;
  /** Kernels that `pnpm tune` had found faster than the defaults, by choice: other kernels may sum in another order. */
  kernels: Readonly<Record<string, string>>;
  /** Of the code; "+" behind it when files differed from it. */
  commit: string | undefined;
}

/**
 * The settings that a resumed run keeps.
 * @throws UsageError when a flag asks for another value, CommandError when config.json is damaged
 */
export function recordedSettings(
  folder: RunFolder,
  { settings }: Record<string, unknown>,
  { asked, given }: { asked: Settings; given: ReadonlySet<string> },
): Settings {
  const file = shownPath(folder.file('config.json'));
  if (typeof settings !== 'object' || settings === null)
    throw new CommandError(`${file} has no "settings"`, { cure });
  const base = settings as Record<string, unknown>;
  const kept = unlessDamaged(() => toSettings(parseFlags([], trainFlags, { base, baseLabel: file }).values));
  for (const key of Object.keys(asked) as (keyof Settings)[]) {
    if (given.has(key) && asked[key] !== kept[key]) {
      throw new UsageError(
        `--resume continues with ${flagName(key)} ${String(kept[key])}; ${String(asked[key])} would be another run`,
        { cure: `leave out --${flagName(key)}, or start a new run` },
      );
    }
  }
  return kept;
}

/** Where a resumed run ends and how often it is saved, unless the command line says otherwise. */
export function recordedLimits(
  folder: RunFolder,
  { maxSteps, saveEvery }: Record<string, unknown>,
): Pick<TrainFlags, 'maxSteps' | 'saveEvery'> {
  const baseLabel = shownPath(folder.file('config.json'));
  return unlessDamaged(() => parseFlags([], trainFlags, { base: { maxSteps, saveEvery }, baseLabel }).values);
}

/** The backbones that a resumed run began with. */
export function recordedBackbones(folder: RunFolder, recorded: Record<string, unknown>): BackbonePlaces {
  const name = shownPath(folder.file('config.json'));
  const { clip, gpt2 } = unlessDamaged(() => parseRunConfig(recorded, { name })).backbones;
  const place = (name: string): string => (isOnHub(name) ? name : resolve(folder.path, name));
  return { clip: place(clip), gpt2: place(gpt2) };
}

/** The kernels that a resumed run began with; runs of before there was a tuner have the defaults. */
export const recordedKernels = ({ kernels = {} }: Partial<RunRecord>): Pick<Tuning, 'choices'> => ({
  choices: kernels,
});

const cure = 'restore the file, or start a new run';

/** What is wrong with config.json is no fault of the command line, whatever the parser says. */
function unlessDamaged<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new CommandError((error as Error).message, { cure });
  }
}

/**
 * A run goes on with the data and frozen models it began with, or not at all.
 * @throws CommandError naming what has changed
 */
export function assertSameInputs(
  folder: RunFolder,
  recorded: Record<string, unknown>,
  { dataset, sets, clipHash, gpt2Hash }: Pick<Prepared, 'dataset' | 'sets' | 'clipHash' | 'gpt2Hash'>,
): void {
  const { dataset: data, weights } = recorded as Partial<RunRecord>;
  const inputs: [what: string, then: unknown, now: unknown][] = [
    [`the dataset ${dataset.name}`, data?.digest, dataset.digest],
    ...splits.map((split): [string, unknown, unknown] => [
      `the number of readable ${split} pictures`,
      data?.pictures?.[split],
      sets[split].examples.length,
    ]),
    ["CLIP's weights", weights?.clip, clipHash],
    ["GPT-2's weights", weights?.gpt2, gpt2Hash],
  ];
  for (const [what, then, now] of inputs) {
    if (then === now) continue;
    throw new CommandError(`${what} changed since the run ${shownPath(folder.path)} began`, {
      cure: 'put the old files back, or start a new run',
    });
  }
}
