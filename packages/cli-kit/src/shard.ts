// Which part of a work this process does: `--shard 3/8`, or what a cluster's array says.
import { CommandError, UsageError } from './command-error.ts';

/** Part `index` (from 0) of `count`. */
export interface Shard {
  index: number;
  count: number;
  /** Where this was said, for messages. */
  from: string;
}

/**
 * Reads `i/n`, counted from 1: `1/8` … `8/8`.
 * @throws UsageError for anything else
 */
export function parseShard(text: string): Shard {
  const [, i, n] = /^(\d+)\/(\d+)$/.exec(text.trim()) ?? [];
  const index = Number(i) - 1;
  const count = Number(n);
  if (!(index >= 0 && index < count)) {
    throw new UsageError(`--shard must be i/n with i from 1 to n, not "${text}"`, {
      cure: 'the third of eight parts is --shard 3/8',
    });
  }
  return { index, count, from: '--shard' };
}

/**
 * The shard that an array of jobs gives this process; undefined outside one.
 *
 * Slurm: SLURM_ARRAY_TASK_ID, _MIN, _STEP and _COUNT, so that `--array=0-7`, `1-8` and `0-14:2` all mean eight parts.
 * Kubernetes: JOB_COMPLETION_INDEX of an indexed Job, from 0; how many there are it does not say: JOB_COMPLETIONS,
 * which the Job sets itself.
 * @throws CommandError when the variables contradict each other or one is missing
 */
export function shardOfEnvironment(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Shard | undefined {
  const number = (name: string): number | undefined => {
    const text = env[name];
    if (text === undefined || text === '') return undefined;
    if (/^\d+$/.test(text)) return Number(text);
    throw new CommandError(`${name} is "${text}", no whole number`, { cure: 'give --shard i/n' });
  };
  const task = number('SLURM_ARRAY_TASK_ID');
  if (task !== undefined) {
    const count = number('SLURM_ARRAY_TASK_COUNT') ?? 1;
    const first = number('SLURM_ARRAY_TASK_MIN') ?? 0;
    return checked({
      index: (task - first) / (number('SLURM_ARRAY_TASK_STEP') ?? 1),
      count,
      from: 'SLURM_ARRAY_TASK_ID',
    });
  }
  const index = number('JOB_COMPLETION_INDEX');
  if (index === undefined) return undefined;
  const count = number('JOB_COMPLETIONS');
  if (count === undefined) {
    throw new CommandError('JOB_COMPLETION_INDEX is set, but how many there are is not', {
      cure: "set JOB_COMPLETIONS in the Job's env to the number in spec.completions, or give --shard i/n",
    });
  }
  return checked({ index, count, from: 'JOB_COMPLETION_INDEX' });
}

function checked(shard: Shard): Shard {
  const { index, count, from } = shard;
  if (Number.isInteger(index) && index >= 0 && index < count) return shard;
  throw new CommandError(`${from} says part ${index + 1} of ${count}`, {
    cure: 'give an array without gaps, such as --array=0-7, or give --shard i/n',
  });
}

/** `shard 3/8 (SLURM_ARRAY_TASK_ID)` */
export const describeShard = ({ index, count, from }: Shard): string =>
  `shard ${index + 1}/${count} (${from})`;
