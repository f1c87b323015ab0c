// Where the real data lie, if they do.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** `FOREWORD_TEST_DATA`, or `shared/data` beside the repository. */
export const dataFolder =
  process.env.FOREWORD_TEST_DATA ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url));

/** True when the path exists; otherwise says what is skipped. */
export function isThere(path: string, what: string): boolean {
  if (existsSync(path)) return true;
  console.log(`SKIPPED ${what}, because ${path} is not there (set FOREWORD_TEST_DATA)`);
  return false;
}
