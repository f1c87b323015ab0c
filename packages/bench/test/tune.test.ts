// `pnpm tune`: what it measures, saves and explains.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { suite } from '@foreword/test-kit';
import type { TunedChoice } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { formatExplained, formatTuned } from '../src/report/tuned-table.ts';

const test = suite('tune', { timeLimitSeconds: 120 });
const script = fileURLToPath(new URL('../src/commands/tune.ts', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'foreword-tune-'));
test.after(() => rm(folder, { recursive: true }));

/** Runs the command with a cache of its own. */
const run = async (...args: string[]): Promise<{ code: number; text: string }> => {
  const flags = ['--import', 'tsx', '--conditions=foreword-source', script, ...args];
  const env = { ...process.env, FOREWORD_TUNING: folder };
  return await promisify(execFile)(process.execPath, flags, { env }).then(
    ({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      code,
      text: stdout + stderr,
    }),
  );
};

const choice = (more: Partial<TunedChoice>): TunedChoice => ({
  key: 'product NN',
  timedAs: 'matmul [8, 8] · [8, 8]',
  calls: 2,
  ms: { first: 4, second: 2, third: 9 },
  dropped: { third: 'it is far slower' },
  chosen: 'second',
  ...more,
});

test('nothing saved, nothing to explain', async () => {
  const { code, text } = await run('--explain');
  assert.is(code, 1);
  assert.match(text, /nothing is saved for this adapter .*\n.*pnpm tune/);
});

test('a work is tuned, saved and explained; another work is added to it', async () => {
  const first = await run('--work', 'matmul-256', '--repeats', '1');
  assert.is(first.code, 0, first.text);
  const [file] = await readdir(folder);
  assert.ok(first.text.includes(`written: ${join(folder, file)}`), first.text);
  const read = async (): Promise<{ measured: TunedChoice[]; choices: Record<string, string> }> =>
    JSON.parse(await readFile(join(folder, file), 'utf8'));
  const saved = await read();
  assert.is(saved.measured.length, 1);
  assert.match(saved.measured[0].key, /^product NN .* M≤256 N≤256 K≤256$/);
  assert.ok(Object.keys(saved.measured[0].ms).length > 1);
  const explained = await run('--explain');
  assert.is(explained.code, 0, explained.text);
  for (const name of Object.keys(saved.measured[0].ms)) assert.ok(explained.text.includes(name), name);
  assert.match(explained.text, /met \d+ ×, timed as matmul \[256, 256\] · \[256, 256\]/);

  const second = await run('--work', 'attention', '--repeats', '1');
  assert.is(second.code, 2, second.text);
  assert.match(second.text, /there is no work "attention"/);
  assert.equal(await read(), saved);
});

test('the table names what changed, and what all calls gain by it', () => {
  const tuned = [
    choice({}),
    choice({ key: 'product NT', calls: 1, ms: { only: 2 }, dropped: {}, chosen: 'only' }),
  ];
  const text = formatTuned(tuned);
  assert.match(text, /product NN +2 +first +4\.00 +second +2\.00 +2\.00×/);
  assert.not.match(text, /product NT/);
  assert.match(
    text,
    '2 choices, 1 of them better than the default; all calls together 10.0 ms → 6.00 ms (1.67×)',
  );
});

test('every kernel is explained', () => {
  const text = formatExplained([
    choice({}),
    choice({ chosen: 'first', ms: { first: 4, second: 3.95 }, dropped: {} }),
    choice({
      chosen: 'first',
      ms: { first: 4, second: 5 },
      dropped: { wrong: 'its result differs by 1.0e+0' },
    }),
  ]);
  for (const line of [
    /first +4\.00 +1\.00× +default$/m,
    /second +2\.00 +2\.00× +chosen$/m,
    /third +9\.00 +0\.444× +left out: it is far slower$/m,
    /first .* default, kept: the gain of another is within noise$/m,
    /first .* default, kept: the fastest$/m,
    /wrong +– +– +left out: its result differs by 1\.0e\+0$/m,
  ])
    assert.match(text, line);
});

test.run();
