// Finds the workspace's packages with tests, runs them one after the other and adds up the outcomes.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProcess } from './run-process.ts';
import { countsLine, readTestCounts, sumCounts } from './test-counts.ts';
import type { TestCounts } from './test-counts.ts';

/**
 * `test`: each package's own script. `conformance`, `outside` and `full`: the files `test/<kind>/*.<kind>.ts`, which need
 * data from outside the repository; `outside` is other projects' test suites, `full` takes minutes.
 */
export type TestKind = 'test' | 'conformance' | 'outside' | 'full';

/** Which tests to run. */
export interface TestPackagesOptions {
  /** Repository root. */
  root: string;
  kind: TestKind;
  /** Folder names under `packages/`; empty means all. */
  only?: readonly string[];
  timeLimitSeconds: number;
  write?: (text: string) => void;
}

/**
 * Runs the packages serially, because GPU tests share few cores, prints a table and, as the last line,
 * `N passed, N failed`.
 *
 * @throws RangeError when `only` names a package that does not exist or has no such tests
 */
export async function testPackages(options: TestPackagesOptions): Promise<TestCounts> {
  const {
    root,
    kind,
    only = [],
    timeLimitSeconds,
    write = (text) => void process.stdout.write(text),
  } = options;
  const all = findTestedPackages(root, kind);
  const unknown = only.filter((name) => !all.includes(name));
  if (unknown.length > 0) {
    throw new RangeError(
      `no package with ${kind} files is called ${unknown.join(', ')}; there are: ${all.join(', ')}`,
    );
  }
  const rows: { name: string; counts: TestCounts; seconds: number }[] = [];
  for (const name of only.length > 0 ? only : all) {
    write(`\n── ${name} ${'─'.repeat(Math.max(0, 60 - name.length))}\n`);
    const started = performance.now();
    const cwd = join(root, 'packages', name);
    const { output, exitCode } = await runProcess(testCommand(root, kind), { cwd, timeLimitSeconds, write });
    const counts = readTestCounts(output, exitCode);
    rows.push({ name, counts, seconds: (performance.now() - started) / 1000 });
  }
  write('\n');
  for (const { name, counts, seconds } of rows) {
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
    write(`  ${name.padEnd(18)} ${countsLine(counts)}${skipped} (${seconds.toFixed(1)} s)\n`);
  }
  const sum = sumCounts(rows.map((row) => row.counts));
  write(`${countsLine(sum)}\n`);
  return sum;
}

/** Folder names under `packages/` that have tests of this kind, in alphabetical order. */
export function findTestedPackages(root: string, kind: TestKind): string[] {
  const folder = join(root, 'packages');
  return readdirSync(folder)
    .sort()
    .filter((name) => {
      const manifest = join(folder, name, 'package.json');
      if (!existsSync(manifest)) return false;
      if (kind !== 'test') return existsSync(join(folder, name, 'test', kind));
      const { scripts } = JSON.parse(readFileSync(manifest, 'utf8')) as { scripts?: { test?: string } };
      return scripts?.test !== undefined;
    });
}

function testCommand(root: string, kind: TestKind): string[] {
  if (kind === 'test') return ['pnpm', 'run', 'test'];
  const uvu = join(root, 'node_modules', 'uvu', 'bin.js');
  const flags = ['--import', 'tsx', '--conditions=foreword-source'];
  return [process.execPath, ...flags, uvu, 'test', `\\.${kind}\\.ts$`];
}
