// The runner of `pnpm test:runtimes` counts what fails, crashes, differs from Node or is missing.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../src/index.ts';
import type { Report } from '../src/runtimes/run-suites.ts';
import { node, type Runtime } from '../src/runtimes/runtimes.ts';
import { testRuntimes } from '../src/runtimes/test-runtimes.ts';

const program = `
export const open = async (selection) => ({
  title: 'sums',
  isCompared: true,
  tests: [
    { name: 'numbers', run: async () => [0.5, 2] },
    { name: 'selection', run: async () => { if (selection !== 'quick') throw new Error(selection); } },
  ],
});
`;

const test = suite('other runtimes');
let root: string;
test.before(async () => {
  root = await mkdtemp(join(tmpdir(), 'foreword-runtimes-'));
  const folder = join(root, 'packages', 'some', 'test', 'runtimes');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'sums.runtime.ts'), program);
});
test.after(() => rm(root, { recursive: true }));

/** Counts besides Node's own two, and what was written. */
async function countsOf(runtime: Runtime): Promise<[passed: number, failed: number, text: string]> {
  let text = '';
  const write = (piece: string): void => void (text += piece);
  const { passed, failed } = await testRuntimes({ root, selection: 'quick', runtimes: [runtime], write });
  assert.is(text.trimEnd().split('\n').at(-1), `${passed} passed, ${failed} failed`);
  return [passed - 2, failed, text];
}

const reporting = (reports: readonly Report[]): Runtime => ({
  name: 'pretended',
  run: async (_script, receive) => reports.forEach(receive),
});
const sums = (name: string, values?: number[]): Report => ({ suite: 'sums', test: name, values });

test('a runtime with the same numbers passes', async () => {
  const [passed, failed, text] = await countsOf({ ...node, name: 'Node again' });
  assert.equal([passed, failed], [2, 0], text);
});

test("other numbers than Node's, fewer of them, or numbers that Node lacks fail", async () => {
  for (const report of [
    sums('numbers', [0.5, 2.001]),
    sums('numbers', [0.5]),
    sums('numbers'),
    sums('new', [1]),
  ]) {
    const [passed, failed, text] = await countsOf(reporting([report, { isDone: true }]));
    assert.equal([passed, failed], [0, 1], text);
  }
  const [passed] = await countsOf(reporting([sums('numbers', [0.5, 2.00001]), { isDone: true }]));
  assert.is(passed, 1);
});

test('a failed test, an early end and a crash are failures', async () => {
  const failure: Report = { suite: 'sums', test: 'selection', error: 'Error: no' };
  const [, one, text] = await countsOf(reporting([failure, { isDone: true }]));
  assert.is(one, 1);
  assert.match(text, 'FAIL sums › selection\n    Error: no');
  assert.is((await countsOf(reporting([sums('selection')])))[1], 1);
  assert.is((await countsOf(reporting([{ isDone: true }])))[1], 1);
  const crash: Runtime = { ...node, run: (_script, ...rest) => node.run('process.exit(9)', ...rest) };
  const [, crashed, said] = await countsOf(crash);
  assert.is(crashed, 1);
  assert.match(said, 'it ended with 9');
});

test('silence is a failure', async () => {
  const asleep: Runtime = {
    ...node,
    run: (_script, receive) => node.run('setTimeout(() => {}, 60_000)', receive, 1),
  };
  const [, failed, text] = await countsOf(asleep);
  assert.is(failed, 1);
  assert.match(text, 'no test ended in 1 s');
});

test('a runtime that is not installed is skipped with a sentence', async () => {
  const missing = 'there is no Firefox at /nowhere';
  const [passed, failed, text] = await countsOf({ ...reporting([]), missing });
  assert.equal([passed, failed], [0, 0]);
  assert.match(text, `pretended: skipped, ${missing}`);
});

test.run();
