// Runs suites inside a runtime and reports each test as one line of JSON: on a page to its server, elsewhere on stdout.
import { failOnGpuErrors } from '../fail-on-gpu-errors.ts';
import { withTimeLimit } from '../time-limit.ts';
import type { OpenRuntimeSuite, RuntimeTest, Selection } from './runtime-suite.ts';

/** One line. The last one has `isDone`; a runtime that ends without it has crashed. */
export type Report = ({ suite: string; test: string } & Outcome) | { isDone: true };

interface Outcome {
  error?: string;
  values?: readonly number[];
}

export interface RunOptions {
  selection: Selection;
  /** Leaves out what has nothing to compare: Node checks ops elsewhere. */
  isReference: boolean;
  timeLimitSeconds: number;
}

const isPage = 'document' in globalThis;

async function send(report: Report): Promise<void> {
  const line = JSON.stringify(report);
  if (isPage) await fetch('/report', { method: 'POST', body: line });
  else console.log(line);
}

/** Opens and runs the suites one after the other. */
export async function runSuites(files: readonly OpenRuntimeSuite[], options: RunOptions): Promise<void> {
  const { selection, isReference, timeLimitSeconds } = options;
  for (const open of files) {
    const { title, tests, devices = [], isCompared, close } = await open(selection);
    const hooks = devices.map((device) => failOnGpuErrors(device));
    const outcome = async ({ name, run }: RuntimeTest): Promise<Outcome> => {
      let values: Outcome['values'];
      try {
        await withTimeLimit(name, timeLimitSeconds, async () => {
          values = (await run()) ?? undefined;
          for (const hook of hooks) await hook();
          // JSON would make null of it, in both runtimes.
          if (values && !values.every(Number.isFinite))
            throw new Error(`numbers are not finite: ${values.join(', ')}`);
        });
        return { values };
      } catch (error) {
        // What a failed test leaves behind is not the next one's.
        for (const device of devices) await device.takeErrors();
        return { error: String(error) };
      }
    };
    if (!isReference || isCompared)
      for (const test of tests) await send({ suite: title, test: test.name, ...(await outcome(test)) });
    close?.();
  }
  await send({ isDone: true });
}
