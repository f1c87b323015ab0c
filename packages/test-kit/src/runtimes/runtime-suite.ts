// What a file `test/runtimes/*.runtime.ts` gives: tests that run in Node, in Deno and in browsers alike.
import type { GpuErrorSource } from '../fail-on-gpu-errors.ts';

/** One test: it throws, or all is well. */
export interface RuntimeTest {
  name: string;
  /** What it returns, such as losses, must be in other runtimes what it is in Node. */
  run(): Promise<readonly number[] | void>;
}

export interface RuntimeSuite {
  title: string;
  tests: readonly RuntimeTest[];
  /** Their uncaptured errors fail the test that ran. */
  devices?: readonly GpuErrorSource[];
  /** True where tests return numbers: Node runs these suites first. */
  isCompared?: boolean;
  close?(): void;
}

/** `quick`: a selection for every commit. */
export type Selection = 'all' | 'quick';

/** What each file exports under the name `open`. */
export type OpenRuntimeSuite = (selection: Selection) => Promise<RuntimeSuite>;
