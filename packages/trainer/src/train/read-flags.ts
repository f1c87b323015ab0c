// The flags of `pnpm train`: those of the command line, over those of --config, over what the run of --init passes on.
import { readFile } from 'node:fs/promises';
import { CommandError, parseFlags } from '@foreword/cli-kit';
import { openInitRun, type InitRun } from '../run/init-run.ts';
import { trainFlags, type TrainFlags } from './settings.ts';

/** @throws UsageError, CommandError when the file or the run cannot be used */
export async function readFlags(values: TrainFlags): Promise<{ flags: TrainFlags; init?: InitRun }> {
  const config = values.config === undefined ? undefined : await readConfigFile(values.config);
  const flags = config ? over(config, values.config!) : values;
  // A resumed run has begun already.
  if (flags.init === undefined || flags.resume !== undefined) return { flags };
  const init = await openInitRun(flags.init);
  return { flags: over({ ...init.base, ...config }, `settings of ${flags.init}`), init };
}

const over = (base: Readonly<Record<string, unknown>>, baseLabel: string): TrainFlags =>
  parseFlags(process.argv.slice(2), trainFlags, { base, baseLabel }).values;

async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  let base: unknown;
  try {
    base = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new CommandError(`--config ${path} cannot be used: ${(error as Error).message}`, {
      cure: 'give a JSON file such as {"prefix": 20, "epochs": 5}',
    });
  }
  if (typeof base !== 'object' || base === null || Array.isArray(base)) {
    throw new CommandError(`--config ${path} holds no object of flag values`, {
      cure: 'write it like {"prefix": 20, "epochs": 5}',
    });
  }
  return base as Record<string, unknown>;
}
