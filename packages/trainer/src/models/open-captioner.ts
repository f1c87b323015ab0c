// The captioner that a command line names: a run of `pnpm train`, or a ClipCap checkpoint beside CLIP and GPT-2.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, defineFlags, UsageError, type FlagValues } from '@foreword/cli-kit';
import type { Captioner } from '@foreword/prefix-mapper';
import { loadCaptioner } from '@foreword/prefix-mapper/node';
import { TensorError, type Device } from '@foreword/tensor/node';
import { runsRoot, shownPath } from '../data/repository.ts';
import { listRuns } from '../run/run-folder.ts';
import { downloadBar } from './download-bar.ts';
import { explainModel } from './explain-model.ts';

export const captionerFlags = defineFlags({
  run: {
    type: 'string',
    placeholder: 'DIR',
    describe: 'run folder of `pnpm train` (default: the newest in runs/)',
  },
  mapper: {
    type: 'string',
    placeholder: 'FILE',
    describe: "ClipCap's checkpoint instead of a run: coco_prefix-009.pt, or its URL",
  },
  clip: {
    type: 'string',
    placeholder: 'NAME',
    describe: 'CLIP for --mapper: a name, ./folder, .pt file or URL (default: openai/clip-vit-base-patch32)',
  },
  gpt2: {
    type: 'string',
    placeholder: 'NAME',
    describe: 'GPT-2 for --mapper: a name or ./folder (default: gpt2)',
  },
  dtype: {
    type: 'choices',
    choices: ['f32', 'f16'],
    default: 'f32',
    describe: 'with --mapper: of the weights on the GPU',
  },
  normalizePrefix: {
    type: 'boolean',
    describe:
      "with --mapper: divide features by their length, as in ClipCap's training with --normalize_prefix",
  },
});

export type CaptionerFlags = FlagValues<typeof captionerFlags>;

/** @throws UsageError for flags that exclude each other; CommandError when a model cannot be had or loaded */
export async function openCaptioner(
  device: Device,
  flags: CaptionerFlags,
  signal: AbortSignal,
): Promise<Captioner> {
  const { mapper, run } = flags;
  if (mapper === undefined) return await loadRun(device, run ?? (await newestRun()));
  const { clip, gpt2, normalizePrefix, dtype } = flags;
  const bar = downloadBar();
  const options = { dtype, normalizePrefix, signal, progress: bar.progress };
  return await explainModel(mapper, () => loadCaptioner(device, { mapper, clip, gpt2 }, options)).finally(
    () => bar.finish(),
  );
}

/** @throws UsageError when flags exclude each other; before a device is opened */
export function assertOneCaptioner({
  run,
  mapper,
  clip,
  gpt2,
  normalizePrefix,
  dtype,
}: CaptionerFlags): void {
  if (mapper !== undefined && run !== undefined)
    throw new UsageError('--run and --mapper exclude each other', { cure: 'give one of them' });
  if (mapper === undefined && (clip ?? gpt2) !== undefined)
    throw new UsageError('--clip and --gpt2 go with --mapper; a run names its own models', {
      cure: 'add --mapper coco_prefix-009.pt',
    });
  if (mapper === undefined && (normalizePrefix || dtype !== 'f32'))
    throw new UsageError('--normalize-prefix and --dtype go with --mapper');
}

/** The run that was begun last of those that are done, else of those that are not; says which, and what it is. */
export async function newestRun(
  root: string = runsRoot,
  say = (line: string): void => void process.stderr.write(`${line}\n`),
): Promise<string> {
  const runs = await listRuns(root);
  const done = runs.filter((run) => existsSync(join(run, 'summary.json')));
  const run = done.at(-1) ?? runs.at(-1);
  if (run !== undefined) {
    say(
      `run: ${shownPath(run)}${done.length > 0 ? '' : ' (not trained to its end)'}; --run DIR names another`,
    );
    return run;
  }
  throw new CommandError('there is no run to caption with', {
    cure: 'train one first: pnpm train --quick --prefix 10 (about a minute), or give --mapper',
  });
}

/** The captioner of a run; what its files lack is told with the run's name. */
async function loadRun(device: Device, run: string): Promise<Captioner> {
  try {
    return await loadCaptioner(device, run);
  } catch (error) {
    if (error instanceof TensorError) throw error;
    throw new CommandError(`the run ${shownPath(run)} cannot caption: ${(error as Error).message}`, {
      cure: 'give another --run, put its files back, or train anew',
      cause: error,
    });
  }
}
