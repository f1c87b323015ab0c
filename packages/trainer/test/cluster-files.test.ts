// benchmarks/cluster: the files agree with themselves and pass on what they are told.
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { repositoryRoot } from '../src/data/repository.ts';

const test = suite('cluster files', { timeLimitSeconds: 30 });
const folder = join(repositoryRoot, 'benchmarks/cluster');
let programs: string;
test.before(async () => {
  programs = await mkdtemp(join(tmpdir(), 'foreword-programs-'));
  await writeFile(join(programs, 'pnpm'), '#!/bin/sh\nfor word in "$@"; do echo "[$word]"; done\n');
  await chmod(join(programs, 'pnpm'), 0o755);
});
test.after(async () => await rm(programs, { recursive: true }));

function slurm(env: Record<string, string>): { status: number | null; stdout: string; stderr: string } {
  const PATH = programs + delimiter + process.env.PATH;
  return spawnSync('bash', [join(folder, 'features.slurm.sh')], {
    encoding: 'utf8',
    env: { PATH, ...env },
  });
}

test('the Slurm script passes dataset, folder and pictures on as whole words', () => {
  const run = slurm({ DATASET: 'coco:/my data', OUT: '/out', PICTURES: '/the pictures' });
  assert.is(run.status, 0, run.stderr);
  const words = ['features', '--dataset', 'coco:/my data', '--out', '/out', '--pictures', '/the pictures'];
  assert.is(run.stdout, words.map((word) => `[${word}]\n`).join(''));
  const bare = slurm({ DATASET: 'coco:/data', OUT: '/out' });
  assert.not.match(bare.stdout, '--pictures');
});

test('the Slurm script says what is missing', () => {
  const run = slurm({ OUT: '/out' });
  assert.is.not(run.status, 0);
  assert.match(run.stderr, 'DATASET=coco:');
  assert.match(slurm({ DATASET: 'x' }).stderr, 'name the folder of the chunks');
});

test('the number of parts is the same in all places of the Kubernetes Job', async () => {
  const text = await readFile(join(folder, 'features.kubernetes.yaml'), 'utf8');
  const parts = [...text.matchAll(/(?:completions|parallelism|value): '?(\d+)'? # parts/g)].map(([, n]) => n);
  assert.equal(parts, ['8', '8', '8']);
  assert.match(text, 'completionMode: Indexed');
  assert.match(text, 'name: JOB_COMPLETIONS');
});

test.run();
