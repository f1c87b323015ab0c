// Finding the last run and its BLEU.
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { findBleu, readRunScores } from '../src/run-scores.ts';

const test = suite('run scores');

let runs: string;
test.before.each(async () => {
  runs = await mkdtemp(join(tmpdir(), 'bench-runs-'));
});
test.after.each(() => rm(runs, { recursive: true }));

async function addRun(name: string, summary: string, hoursAgo: number): Promise<string> {
  const folder = join(runs, name);
  await mkdir(folder);
  const path = join(folder, 'summary.json');
  await writeFile(path, summary);
  const at = new Date(Date.now() - hoursAgo * 3_600_000);
  await utimes(path, at, at);
  return folder;
}

test('the newest run with a summary counts, whatever its name', async () => {
  await addRun('z-old', '{"bleu": [0.1, 0.1, 0.1, 0.1]}', 5);
  await addRun('a-new', '{"bleu": [0.4, 0.3, 0.2, 0.1]}', 1);
  await mkdir(join(runs, 'unfinished'));
  assert.equal(await readRunScores(runs), { run: 'a-new', bleu: [0.4, 0.3, 0.2, 0.1] });
});

test('no folder, or no finished run, is no error', async () => {
  assert.is(await readRunScores(join(runs, 'missing')), null);
  await mkdir(join(runs, 'unfinished'));
  assert.is(await readRunScores(runs), null);
});

test('a run that was asked for must have scores', async () => {
  const rejects = async (folder: string, message: RegExp) => {
    const error = await readRunScores(runs, folder).then(
      () => new Error('no error'),
      (e: Error) => e,
    );
    assert.match(error.message, message);
  };
  await rejects(join(runs, 'missing'), /cannot be read/);
  await rejects(await addRun('broken', '{"bleu": [0.1', 1), /is no JSON/);
  await rejects(await addRun('empty', '{"images": 3}', 1), /holds no BLEU/);
  const folder = await addRun('named', '{"bleu": [1, 1, 1, 1]}', 1);
  assert.is((await readRunScores(runs, `${folder}/`))?.run, 'named');
});

test('BLEU is found under its usual names, the test split first', () => {
  assert.equal(
    findBleu({ val: { bleu: [1, 1, 1, 1] }, test: { bleu: [0.4, 0.3, 0.2, 0.1] } }),
    [0.4, 0.3, 0.2, 0.1],
  );
  assert.equal(
    findBleu({ scores: { 'BLEU-2': 0.3, 'BLEU-1': 0.4, 'BLEU-3': 0.2, 'BLEU-4': 0.1 } }),
    [0.4, 0.3, 0.2, 0.1],
  );
  assert.equal(findBleu({ bleu1: 0.4, bleu2: 0.3, bleu3: 0.2, bleu4: 0.1 }), [0.4, 0.3, 0.2, 0.1]);
  assert.is(findBleu({ bleu: [0.4, null, 0.2, 0.1] }), undefined);
  assert.is(findBleu({ bleu1: 0.4, bleu3: 0.2, bleu4: 0.1 }), undefined);
});

test.run();
