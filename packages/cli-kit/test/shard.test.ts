// Which part of a work a process does: the flag, Slurm's arrays, Kubernetes' indexed Jobs.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { CommandError, describeShard, parseShard, shardOfEnvironment, UsageError } from '../src/index.ts';

const test = suite('shard');

test('i/n counts from 1', () => {
  assert.equal(parseShard('1/8'), { index: 0, count: 8, from: '--shard' });
  assert.equal(parseShard('8/8'), { index: 7, count: 8, from: '--shard' });
  assert.is(describeShard(parseShard('3/8')), 'shard 3/8 (--shard)');
  for (const wrong of ['0/8', '9/8', '3', '3/', 'a/b', '1/0', '-1/2', '1.5/2', '']) {
    assert.throws(
      () => parseShard(wrong),
      (error: unknown) => error instanceof UsageError && error.message.includes(`"${wrong}"`),
      wrong,
    );
  }
});

const slurm = (id: number, min: number, count: number, step = 1): Record<string, string> => ({
  SLURM_ARRAY_TASK_ID: String(id),
  SLURM_ARRAY_TASK_MIN: String(min),
  SLURM_ARRAY_TASK_COUNT: String(count),
  SLURM_ARRAY_TASK_STEP: String(step),
});

test('Slurm: --array=0-7, 1-8 and 0-14:2 give the same eight parts; outside an array there is none', () => {
  assert.is(shardOfEnvironment({}), undefined);
  assert.is(shardOfEnvironment({ SLURM_ARRAY_TASK_ID: '' }), undefined);
  const parts = (min: number, step: number) =>
    Array.from({ length: 8 }, (_, i) => shardOfEnvironment(slurm(min + i * step, min, 8, step)));
  const wanted = Array.from({ length: 8 }, (_, index) => ({ index, count: 8, from: 'SLURM_ARRAY_TASK_ID' }));
  assert.equal(parts(0, 1), wanted);
  assert.equal(parts(1, 1), wanted);
  assert.equal(parts(0, 2), wanted);
  // Where Slurm is too old for MIN and STEP.
  assert.is(shardOfEnvironment({ SLURM_ARRAY_TASK_ID: '3', SLURM_ARRAY_TASK_COUNT: '4' })?.index, 3);
});

test('Kubernetes: the index from 0, and the number that the Job says', () => {
  const env = { JOB_COMPLETION_INDEX: '2', JOB_COMPLETIONS: '5' };
  assert.equal(shardOfEnvironment(env), { index: 2, count: 5, from: 'JOB_COMPLETION_INDEX' });
});

test('an array with gaps, a missing number and words are refused with the cure', () => {
  for (const [env, message, cure] of [
    [slurm(5, 3, 2), 'SLURM_ARRAY_TASK_ID says part 3 of 2', '--array=0-7'],
    [{ JOB_COMPLETION_INDEX: '2' }, 'JOB_COMPLETION_INDEX is set', 'JOB_COMPLETIONS'],
    [{ JOB_COMPLETION_INDEX: 'two', JOB_COMPLETIONS: '5' }, 'JOB_COMPLETION_INDEX is "two"', '--shard'],
  ] as const) {
    assert.throws(
      () => shardOfEnvironment(env),
      (error: unknown) =>
        error instanceof CommandError && error.message.includes(message) && error.cure!.includes(cure),
      message,
    );
  }
});

test.run();
