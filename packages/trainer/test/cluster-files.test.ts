// benchmarks/cluster: the files agree with themselves and pass on what they are told.
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { repositoryRoot } from '../src/data/repository.ts';

const test = suite('cluster files', { timeLimitSeconds: 60 });
const folder = join(repositoryRoot, 'benchmarks/cluster');
/** A folder with a `pnpm` that prints its words, and one with a `pnpm` that lists the cells that `pnpm study` would train. */
let programs: { echo: string; list: string };
let root: string;
test.before(async () => {
  root = await mkdtemp(join(tmpdir(), 'foreword-programs-'));
  const { scripts } = JSON.parse(await readFile(join(repositoryRoot, 'package.json'), 'utf8')) as {
    scripts: { study: string };
  };
  programs = {
    echo: await program('echo', 'for word in "$@"; do echo "[$word]"; done'),
    list: await program('list', `shift; cd '${repositoryRoot}'; exec ${scripts.study} "$@" --list`),
  };
});
test.after(async () => await rm(root, { recursive: true }));

async function program(name: string, script: string): Promise<string> {
  const path = join(root, name);
  await mkdir(path);
  await writeFile(join(path, 'pnpm'), `#!/bin/sh\n${script}\n`);
  await chmod(join(path, 'pnpm'), 0o755);
  return path;
}

/** Runs a command with one of the `pnpm`s. */
function run(
  command: readonly string[],
  env: Record<string, string>,
  pnpm: string = programs.echo,
): SpawnSyncReturns<string> {
  const PATH = pnpm + delimiter + process.env.PATH;
  return spawnSync(command[0], command.slice(1), { encoding: 'utf8', env: { PATH, ...env } });
}

const slurm = (env: Record<string, string>): SpawnSyncReturns<string> =>
  run(['bash', join(folder, 'features.slurm.sh')], env);

test('the Slurm script passes dataset, folder and pictures on as whole words', () => {
  const run = slurm({ DATASET: 'coco:/my data', OUT: '/out', PICTURES: '/the pictures' });
  assert.is(run.status, 0, run.stderr);
  const words = ['features', '--dataset', 'coco:/my data', '--out', '/out', '--pictures', '/the pictures'];
  assert.is(run.stdout, words.map((word) => `[${word}]\n`).join(''));
  const bare = slurm({ DATASET: 'coco:/data', OUT: '/out' });
  assert.not.match(bare.stdout, '--pictures');
  const named = slurm({ DATASET: 'coco:/data', OUT: '/out', CLIP: 'ViT-B/32' });
  assert.match(named.stdout, '[--out]\n[/out]\n[--clip]\n[ViT-B/32]\n');
});

test('the Slurm script says what is missing', () => {
  const run = slurm({ OUT: '/out' });
  assert.is.not(run.status, 0);
  assert.match(run.stderr, 'DATASET=coco:');
  assert.match(slurm({ DATASET: 'x' }).stderr, 'name the folder of the chunks');
});

for (const [name, count] of [
  ['features', '8'],
  ['study', '6'],
]) {
  test(`the number of parts is the same in all places of the Kubernetes Job of ${name}`, async () => {
    const text = await readFile(join(folder, `${name}.kubernetes.yaml`), 'utf8');
    const parts = [...text.matchAll(/(?:completions|parallelism|value): '?(\d+)'? # parts/g)].map(
      ([, n]) => n,
    );
    assert.equal(parts, [count, count, count]);
    assert.match(text, 'completionMode: Indexed');
    assert.match(text, 'name: JOB_COMPLETIONS');
  });
}

test('the Slurm script of a study passes on what is set, as whole words', () => {
  const script = ['bash', join(folder, 'study.slurm.sh')];
  const full = {
    DATASET: 'coco:/my data',
    SEEDS: '2',
    LENGTHS: '1,10',
    EPOCHS: '3',
    BATCH: '40',
    GPT2: 'gpt2',
  };
  const got = run(script, { STUDY: 'lengths', OUT: '/the study', ...full });
  assert.is(got.status, 0, got.stderr);
  const words = Object.entries(full).flatMap(([key, value]) => [`--${key.toLowerCase()}`, value]);
  const wanted = ['study', 'lengths', '--out', '/the study', ...words];
  assert.is(got.stdout, wanted.map((word) => `[${word}]\n`).join(''));
  assert.match(run(script, { OUT: '/out' }).stderr, 'STUDY=lengths');
  assert.match(run(script, { STUDY: 'lengths' }).stderr, 'name the folder of the study');
});

/** Ids of the cells that a list names. */
const cellsIn = ({ stdout, stderr, status }: SpawnSyncReturns<string>): string[] => {
  assert.is(status, 0, stderr);
  return [...stdout.matchAll(/^(prefix-\S+) /gm)].map(([, id]) => id);
};

test('tasks of the Slurm array share out the cells of a study', () => {
  const parts = [7, 9].map((task) =>
    cellsIn(
      run(
        ['bash', join(folder, 'study.slurm.sh')],
        {
          STUDY: 'lengths',
          OUT: join(root, 'study'),
          SEEDS: '1',
          LENGTHS: '1,10',
          SLURM_ARRAY_TASK_ID: String(task),
          SLURM_ARRAY_TASK_MIN: '7',
          SLURM_ARRAY_TASK_STEP: '2',
          SLURM_ARRAY_TASK_COUNT: '2',
        },
        programs.list,
      ),
    ),
  );
  assert.equal(
    parts.map(({ length }) => length),
    [2, 2],
  );
  assert.is(new Set(parts.flat()).size, 4);
});

test('a pod of the Kubernetes Job trains its part of the cells', async () => {
  const text = await readFile(join(folder, 'study.kubernetes.yaml'), 'utf8');
  const listOf = (key: string): string[] =>
    JSON.parse(new RegExp(`^ *${key}: (\\[.*\\])$`, 'm').exec(text)![1].replaceAll("'", '"')) as string[];
  const [, count] = /name: JOB_COMPLETIONS\n *value: '(\d+)'/.exec(text)!;
  const command = [...listOf('command'), ...listOf('args')];
  const env = { JOB_COMPLETIONS: count, JOB_COMPLETION_INDEX: '2' };
  const cells = cellsIn(run(command, env, programs.list));
  assert.is(cells.length, 18 / Number(count));
  assert.ok(cells.every((id) => id.includes('seed-')));
  const late = run(command, { ...env, JOB_COMPLETION_INDEX: count }, programs.list);
  assert.match(late.stderr, `JOB_COMPLETION_INDEX says part ${Number(count) + 1} of ${count}`);
});

test.run();
