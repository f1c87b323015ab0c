// The runner behind `pnpm test`: true counts from summaries, exit codes and time limits.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runProcess } from '../src/run-process.ts';
import { countsLine, readTestCounts } from '../src/test-counts.ts';
import { findTestedPackages, testPackages } from '../src/test-packages.ts';

const summary = (total: number, passed: number, skipped = 0): string =>
  `\n  Total:     ${total}\n  Passed:    ${passed}\n  Skipped:   ${skipped}\n  Duration:  1.00ms\n\n`;

test('counts come from the last summary, colours or not', () => {
  assert.equal(readTestCounts(summary(9, 1) + summary(5, 3, 2), 1), { passed: 3, failed: 2, skipped: 2 });
  const coloured =
    '\n  Total:     4\u001b[32m\n  Passed:    4\u001b[39m\n  Skipped:   \u001b[33m1\u001b[39m\n';
  assert.equal(readTestCounts(coloured, 0), { passed: 4, failed: 0, skipped: 1 });
});

test('nothing that went wrong is counted as right', () => {
  assert.is(readTestCounts(summary(5, 4), 0).failed, 1, 'a missing pass although the process exits 0');
  assert.is(readTestCounts(summary(5, 5), 1).failed, 1, 'a bad exit although all passed');
  assert.is(readTestCounts(summary(5, 5), null).failed, 1, 'ended by a signal');
  assert.is(readTestCounts(summary(0, 0), 0).failed, 1, 'no tests at all');
  assert.is(readTestCounts('SyntaxError', 1).failed, 1, 'no summary');
  assert.is(readTestCounts(summary(0, 0, 3), 0).failed, 0, 'all skipped, said so');
  const told = 'SKIPPED a: /data/a does not exist\nSKIPPED: no data\n';
  assert.equal(readTestCounts(told + summary(0, 0), 0), { passed: 0, failed: 0, skipped: 2 });
  assert.is(readTestCounts(told + summary(0, 0), 1).failed, 1, 'data is missing, and a bad exit');
  assert.is(readTestCounts(told + summary(2, 1), 0).failed, 1, 'data is missing, and a failure');
});

test('runs every package and ends with the summed line', async () => {
  const root = mkdtempSync(join(tmpdir(), 'foreword-runner-'));
  const addPackage = (name: string, script: string | undefined, output: string): void => {
    mkdirSync(join(root, 'packages', name), { recursive: true });
    const scripts = script === undefined ? {} : { test: script };
    writeFileSync(join(root, 'packages', name, 'package.json'), JSON.stringify({ name, scripts }));
    writeFileSync(join(root, 'packages', name, 'output.txt'), output);
  };
  try {
    addPackage('good', 'cat output.txt', summary(3, 3));
    addPackage('bad', 'cat output.txt && exit 1', summary(3, 1, 1));
    addPackage('crash', 'exit 7', '');
    addPackage('untested', undefined, '');
    let text = '';
    const options = {
      root,
      kind: 'test',
      timeLimitSeconds: 60,
      write: (more: string) => void (text += more),
    } as const;
    const counts = await testPackages(options);
    assert.equal(counts, { passed: 4, failed: 3, skipped: 1 });
    assert.is(text.trimEnd().split('\n').at(-1), '4 passed, 3 failed');
    assert.is(countsLine(await testPackages({ ...options, only: ['good'] })), '3 passed, 0 failed');
    try {
      await testPackages({ ...options, only: ['goood'] });
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, 'called goood; there are: bad, crash, good');
    }
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('conformance and full find the packages that have such files', () => {
  const root = mkdtempSync(join(tmpdir(), 'foreword-runner-'));
  try {
    for (const folder of ['a/test/full', 'b/test/conformance', 'c/test']) {
      mkdirSync(join(root, 'packages', folder), { recursive: true });
      writeFileSync(join(root, 'packages', folder.split('/', 1)[0], 'package.json'), '{}');
    }
    assert.equal(findTestedPackages(root, 'full'), ['a']);
    assert.equal(findTestedPackages(root, 'conformance'), ['b']);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('a process beyond its time limit is ended with its children', async () => {
  let text = '';
  const result = await runProcess(['sh', '-c', 'echo started; sleep 60; echo done'], {
    cwd: tmpdir(),
    timeLimitSeconds: 0.5,
    write: (more) => void (text += more),
  });
  assert.is(result.timedOut, true);
  assert.is(result.exitCode, null);
  assert.match(text, /started\n\nNot done after 0.5 s/);
});

test('a command that does not exist is an exit code, not an exception', async () => {
  const result = await runProcess(['no-such-command-here'], {
    cwd: tmpdir(),
    timeLimitSeconds: 5,
    write: () => {},
  });
  assert.is(result.exitCode, 127);
});

test.run();
