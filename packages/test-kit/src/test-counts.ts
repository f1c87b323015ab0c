// Reads how many tests passed and failed out of what a test process printed.

/** Outcome of one or more test processes. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

// Built from a code point because a control character inside a regular expression reads as a slip.
const colours = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/**
 * Takes the last summary that uvu printed and squares it with the exit status, so that nothing is lost:
 * uvu's Total minus Passed are failures even when it exits 0, and a process that ends badly, or without any
 * summary or test, counts as one failure. Where no test ran, lines that begin with SKIPPED count as skipped ones: files
 * whose data is not there say so.
 *
 * @param output everything the process printed
 * @param exitCode its exit status, or null when a signal ended it
 */
export function readTestCounts(output: string, exitCode: number | null): TestCounts {
  const text = output.replace(colours, '');
  const summary = [...text.matchAll(/^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)$/gm)].at(-1);
  if (!summary) return { passed: 0, failed: 1, skipped: 0 };
  const [total, passed, unrun] = summary.slice(1).map(Number);
  const told = total + unrun === 0 ? [...text.matchAll(/^ *SKIPPED[ :]/gm)].length : 0;
  const skipped = unrun + told;
  let failed = total - passed;
  if (failed === 0 && (exitCode !== 0 || total + skipped === 0)) failed = 1;
  return { passed, failed, skipped };
}

/** Adds outcomes. */
export function sumCounts(parts: readonly TestCounts[]): TestCounts {
  const sum: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  for (const part of parts) {
    sum.passed += part.passed;
    sum.failed += part.failed;
    sum.skipped += part.skipped;
  }
  return sum;
}

/** The line every test command of this repository ends with. */
export function countsLine(counts: TestCounts): string {
  return `${counts.passed} passed, ${counts.failed} failed`;
}
