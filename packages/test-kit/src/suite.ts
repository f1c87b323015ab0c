// A uvu suite whose tests have a time limit and whose hooks cannot hide a failure.
import * as uvu from 'uvu';
import { TimeLimitError, withTimeLimit } from './time-limit.ts';

/** Body of a test or hook. */
export type TestHandler = () => void | Promise<void>;

/** Settings of a suite. */
export interface SuiteOptions {
  /** Wall-clock limit of each test together with its each-hooks, in seconds. Default 60. */
  timeLimitSeconds?: number;
}

/** A hook registrar: `before(handler)` runs once, `before.each(handler)` around every test. */
export interface HookRegistrar {
  (handler: TestHandler): void;
  each(handler: TestHandler): void;
}

/** Registers tests. Call `run()` once, after the last test of the file. */
export interface Suite {
  (name: string, handler: TestHandler): void;
  only(name: string, handler: TestHandler): void;
  skip(name?: string, handler?: TestHandler): void;
  before: HookRegistrar;
  after: HookRegistrar;
  run(): void;
}

// Which kernels run must not depend on what somebody tuned on this machine.
process.env.FOREWORD_TUNING ??= 'none';

const notRun = new Set<string>();
let exitWatchInstalled = false;

/**
 * Opens a suite called `name`.
 *
 * Differences from uvu's own `suite`: every test has a time limit; each-hooks run inside the test's own
 * outcome and all of their errors are reported (uvu 0.5.6 drops the whole rest of a suite, and exits 0, when
 * an after-each hook throws twice or a before hook throws); a suite whose `run()` was forgotten fails.
 *
 * @example
 * const test = suite('softmax', { timeLimitSeconds: 20 });
 * test('rows sum to one', async () => { … });
 * test.run();
 */
export function suite(name: string, options: SuiteOptions = {}): Suite {
  const { timeLimitSeconds = 60 } = options;
  const inner = uvu.suite(name);
  const beforeAll: TestHandler[] = [];
  const beforeEach: TestHandler[] = [];
  const afterEach: TestHandler[] = [];
  const afterAll: TestHandler[] = [];
  notRun.add(name);
  installExitWatch();

  let ready: Promise<void> | undefined;
  const wrap = (title: string, handler: TestHandler) => async (): Promise<void> => {
    const label = `${name} › ${title}`;
    try {
      // The before-hooks run with the first test, so that their failure fails tests instead of vanishing.
      ready ??= withTimeLimit(`${name} › before`, timeLimitSeconds, () => runAll(beforeAll));
      await ready;
      await withTimeLimit(label, timeLimitSeconds, () => runWithHooks(beforeEach, handler, afterEach));
    } catch (error) {
      if (error instanceof TimeLimitError) exitOnceDone();
      // uvu's reporter stumbles over anything that is no Error, and then forgets the suite's other tests.
      throw error instanceof Error ? error : new Error(`thrown: ${String(error)}`);
    }
  };

  const test = ((title: string, handler: TestHandler) => inner(title, wrap(title, handler))) as Suite;
  test.only = (title, handler) => inner.only(title, wrap(title, handler));
  test.skip = (title, handler) => inner.skip(title, handler);
  test.before = hookRegistrar(beforeAll, beforeEach);
  test.after = hookRegistrar(afterAll, afterEach);
  test.run = () => {
    notRun.delete(name);
    inner.after(async () => {
      try {
        await withTimeLimit(`${name} › after`, timeLimitSeconds, () => runAll(afterAll));
      } catch (error) {
        reportHookFailure(name, error);
      }
    });
    inner.run();
  };
  return test;
}

function hookRegistrar(once: TestHandler[], each: TestHandler[]): HookRegistrar {
  return Object.assign((handler: TestHandler) => void once.push(handler), {
    each: (handler: TestHandler) => void each.push(handler),
  });
}

async function runAll(handlers: readonly TestHandler[]): Promise<void> {
  for (const handler of handlers) await handler();
}

/** Runs the hooks and the test, every after-hook whatever happened, and throws all errors as one. */
async function runWithHooks(
  before: readonly TestHandler[],
  handler: TestHandler,
  after: readonly TestHandler[],
): Promise<void> {
  const errors: unknown[] = [];
  const attempt = async (step: TestHandler): Promise<void> => {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  };
  await attempt(() => runAll(before));
  if (errors.length === 0) await attempt(handler);
  for (const hook of after) await attempt(hook);
  if (errors.length === 0) return;
  const [first] = errors;
  if (errors.length > 1 && first instanceof Error) {
    first.message += errors
      .slice(1)
      .map((error) => `\n    and then: ${String(error)}`)
      .join('');
  }
  throw first;
}

// uvu ignores what an after-hook of a suite throws, so the failure is carried by the exit code.
function reportHookFailure(name: string, error: unknown): void {
  console.error(`\n   FAIL  ${name} › after: ${error instanceof Error ? error.stack : String(error)}`);
  process.on('exit', () => {
    process.exitCode = 1;
  });
}

function installExitWatch(): void {
  if (exitWatchInstalled) return;
  exitWatchInstalled = true;
  process.on('exit', () => {
    if (notRun.size === 0) return;
    process.exitCode = 1;
    console.error(
      `Suites without a call of test.run(), so none of their tests ran: ${[...notRun].join(', ')}`,
    );
  });
}

let exitPoll: ReturnType<typeof setInterval> | undefined;

// What a timed-out test left behind may keep Node alive for ever. uvu sets the exit code when everything has
// been reported; from then on nothing is worth waiting for.
function exitOnceDone(): void {
  exitPoll ??= setInterval(() => {
    if (process.exitCode === undefined) return;
    console.error('A test that ran past its time limit kept the process open; it is ended here.');
    process.exit(1);
  }, 500).unref();
}
