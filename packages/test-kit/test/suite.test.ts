// The suite's promises, each shown on a small test file that breaks one of them in a process of its own.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readTestCounts } from '../src/test-counts.ts';
import type { TestCounts } from '../src/test-counts.ts';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));

/** Runs a test file with `body` in a process and gives its outcome. */
function runTestFile(body: string): { counts: TestCounts; status: number | null; output: string } {
  const folder = mkdtempSync(join(packageFolder, 'test', 'fixture-'));
  try {
    const head = "import { failOnGpuErrors, suite } from '../../src/index.ts';\n";
    writeFileSync(join(folder, 'body.fixture.ts'), head + body);
    const uvu = join(packageFolder, '../../node_modules/uvu/bin.js');
    const args = ['--import', 'tsx', '--conditions=foreword-source', uvu, folder, '\\.fixture\\.ts$'];
    const run = spawnSync(process.execPath, args, { cwd: packageFolder, encoding: 'utf8', timeout: 60_000 });
    const output = run.stdout + run.stderr;
    return { counts: readTestCounts(output, run.status), status: run.status, output };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a test that never settles fails at its time limit, the next one still runs, and the process ends', () => {
  const { counts, status, output } = runTestFile(`
    const test = suite('slow', { timeLimitSeconds: 0.2 });
    setInterval(() => {}, 1000);
    test('hangs', () => new Promise(() => {}));
    test('runs', () => {});
    test.run();`);
  assert.equal(counts, { passed: 1, failed: 1, skipped: 0 });
  assert.is(status, 1);
  assert.match(output, 'slow › hangs: not done after 0.2 s');
});

test('a synchronous loop beyond the limit fails as well', () => {
  const { counts } = runTestFile(`
    const test = suite('busy', { timeLimitSeconds: 0.1 });
    test('spins', () => { const end = performance.now() + 300; while (performance.now() < end); });
    test.run();`);
  assert.equal(counts, { passed: 0, failed: 1, skipped: 0 });
});

test('hooks run around each test, and the ones after it also when it failed', () => {
  const { counts, output } = runTestFile(`
    const test = suite('hooks');
    const log: string[] = [];
    test.before(() => void log.push('before'));
    test.before.each(() => void log.push('b'));
    test.after.each(() => void log.push('a'));
    test.after(() => console.log('log: ' + log.join(' ')));
    test('one', () => { throw new Error('wrong'); });
    test('two', () => {});
    test.run();`);
  assert.match(output, 'log: before b a b a');
  assert.equal(counts, { passed: 1, failed: 1, skipped: 0 });
});

test('errors of the test and of its after-hook are both told, and later tests still run', () => {
  const { counts, output, status } = runTestFile(`
    const test = suite('two errors');
    test.after.each(() => { throw new Error('from the hook'); });
    test('one', () => { throw new Error('from the test'); });
    test('two', () => {});
    test.run();`);
  assert.equal(counts, { passed: 0, failed: 2, skipped: 0 });
  assert.is(status, 1);
  assert.match(output, /from the test\s+and then: Error: from the hook/);
});

test('a failing before-hook fails the tests, a failing after-hook the process', () => {
  const before = runTestFile(`
    const test = suite('before');
    test.before(() => { throw new Error('no device'); });
    test('one', () => {});
    test('two', () => {});
    test.run();`);
  assert.equal(before.counts, { passed: 0, failed: 2, skipped: 0 });
  const after = runTestFile(`
    const test = suite('after');
    test.after(() => { throw new Error('did not close'); });
    test('one', () => {});
    test.run();`);
  assert.is(after.status, 1);
  assert.equal(after.counts, { passed: 1, failed: 1, skipped: 0 });
  assert.match(after.output, 'did not close');
});

test('a thrown value that is no Error is reported and stops nothing', () => {
  const { counts, output } = runTestFile(`
    const test = suite('strings');
    test('one', () => { throw 'a string'; });
    test('two', () => {});
    test.run();`);
  assert.equal(counts, { passed: 1, failed: 1, skipped: 0 });
  assert.match(output, 'thrown: a string');
});

test('a suite whose run() was forgotten fails the process', () => {
  const { status, output } = runTestFile(`
    const test = suite('forgotten');
    test('one', () => {});`);
  assert.is(status, 1);
  assert.match(output, 'none of their tests ran: forgotten');
});

test('failOnGpuErrors fails exactly the tests that left errors', () => {
  const { counts, output } = runTestFile(`
    const test = suite('gpu');
    let errors: Error[] = [];
    const device = { takeErrors: async () => errors.splice(0) };
    test.after.each(failOnGpuErrors(() => device));
    test.after.each(failOnGpuErrors(() => undefined));
    test('clean', () => {});
    test('dirty', () => void errors.push(new Error('binding 3 is too small'), new Error('second')));
    test('clean again', () => {});
    test.run();`);
  assert.equal(counts, { passed: 2, failed: 1, skipped: 0 });
  assert.match(output, '2 uncaptured GPU errors:');
  assert.match(output, 'binding 3 is too small');
});

test.run();
