// Runs the suites of all packages in Node (those with numbers), Deno and Firefox, compares the numbers, and adds up.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { allClose } from '../all-close.ts';
import { countsLine, sumCounts, type TestCounts } from '../test-counts.ts';
import { bundleSuites } from './bundle-suites.ts';
import type { Report } from './run-suites.ts';
import type { Selection } from './runtime-suite.ts';
import { deno, firefox, node, type Runtime } from './runtimes.ts';

export interface TestRuntimesOptions {
  /** Repository root. */
  root: string;
  selection: Selection;
  runtimes?: readonly Runtime[];
  write?: (text: string) => void;
}

const timeLimitSeconds = 120;
/** That of the ops' forward checks. */
const rtol = 2e-5;

/** `packages/*\/test/runtimes/*.runtime.ts`. */
export function runtimeFiles(root: string): string[] {
  const packages = join(root, 'packages');
  return readdirSync(packages)
    .map((name) => join(packages, name, 'test', 'runtimes'))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => path.endsWith('.runtime.ts'))
    .sort();
}

/** Node's numbers come first; a runtime that is missing here is skipped with a sentence. */
export async function testRuntimes(options: TestRuntimesOptions): Promise<TestCounts> {
  const { root, selection, runtimes = [deno, firefox] } = options;
  const { write = (text) => void process.stdout.write(text) } = options;
  const files = runtimeFiles(root);
  const expected = new Map<string, readonly number[]>();
  const rows: TestCounts[] = [];
  for (const runtime of [node, ...runtimes]) {
    const isReference = runtime === node;
    if (runtime.missing) {
      write(`── ${runtime.name}: skipped, ${runtime.missing}\n`);
      continue;
    }
    write(`── ${runtime.name}\n`);
    const script = await bundleSuites(
      files,
      { selection, isReference, timeLimitSeconds },
      { isNode: isReference },
    );
    const judge = (key: string, values?: readonly number[]): string | undefined => {
      if (isReference && values) expected.set(key, values);
      const wanted = expected.get(key);
      if (!wanted && !values) return undefined;
      if (!wanted) return 'Node gave no numbers to compare with';
      try {
        allClose(values ?? [], wanted, { rtol, atol: 0, label: "numbers against Node's" });
      } catch (error) {
        return (error as Error).message;
      }
      return undefined;
    };
    const counts = await runOne(runtime, script, judge, write);
    rows.push(counts);
  }
  const sum = sumCounts(rows);
  write(`${countsLine(sum)}\n`);
  return sum;
}

/** A runtime that ends before its last test, or runs none, is a failure more. */
async function runOne(
  runtime: Runtime,
  script: string,
  judge: (key: string, values?: readonly number[]) => string | undefined,
  write: (text: string) => void,
): Promise<TestCounts> {
  const bySuite = new Map<string, TestCounts>();
  const started = performance.now();
  let last = '';
  let isDone = false;
  const fail = (what: string): void => write(`  FAIL ${what}\n`);
  const receive = (report: Report): void => {
    if ('isDone' in report) {
      isDone = true;
      return;
    }
    const { suite, test, values } = report;
    last = `${suite} › ${test}`;
    const counts = bySuite.get(suite) ?? { passed: 0, failed: 0, skipped: 0 };
    bySuite.set(suite, counts);
    const error = report.error ?? judge(`${suite} › ${test}`, values);
    if (error === undefined) counts.passed++;
    else {
      counts.failed++;
      fail(`${last}\n    ${error}`);
    }
  };
  const rest: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  try {
    await runtime.run(script, receive, 2 * timeLimitSeconds);
    if (!isDone || bySuite.size === 0) throw new Error('it ended before its last test');
  } catch (error) {
    rest.failed++;
    fail(`${runtime.name}${last && `, after ${last}`}: ${(error as Error).message}`);
  }
  for (const [suite, counts] of bySuite) write(`  ${suite}: ${countsLine(counts)}\n`);
  write(`  ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
  return sumCounts([...bySuite.values(), rest]);
}
