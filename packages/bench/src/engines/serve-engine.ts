// The child's side: reads questions from stdin, answers on stdout, ends when stdin does.
import { createInterface } from 'node:readline';
import { sampleOf } from '../works/sample.ts';
import type { Engine, EngineFacts, EngineReply, EngineRequest, WorkFacts, WorkResult } from './protocol.ts';

/** A work in progress. */
export interface RunningWork {
  /** Runs once and brings the result to the host. `ms` where less than the whole call is to be counted. */
  next(): Promise<{ values: ArrayLike<number>; ms?: number }>;
  facts?(repeats: number): Promise<WorkFacts>;
  dispose?(): void;
}

/** What an engine has to provide. */
export interface EngineDefinition {
  open(): Promise<EngineFacts>;
  /** Brings the work's values to the engine; its first `next` may compile. */
  begin(work: string): Promise<RunningWork>;
}

/** The questions, answered by a definition: clocks and samples are the same for every engine. */
export function engineOf({ open, begin }: EngineDefinition): Engine {
  const running = new Map<string, RunningWork>();
  const started = (work: string): RunningWork => {
    const found = running.get(work);
    if (!found) throw new Error(`${work} was not started`);
    return found;
  };
  return {
    open,
    async start(work): Promise<WorkResult> {
      const from = performance.now();
      const begun = await begin(work);
      const { values } = await begun.next();
      const ms = performance.now() - from;
      running.set(work, begun);
      return { timesMs: [ms], sample: sampleOf(values) };
    },
    async run(work, count): Promise<WorkResult> {
      const timesMs: number[] = [];
      const sample: number[] = [];
      for (let i = 0; i < count; i++) {
        const from = performance.now();
        const { values, ms } = await started(work).next();
        timesMs.push(ms ?? performance.now() - from);
        sample.push(...sampleOf(values));
      }
      return { timesMs, sample };
    },
    facts: async (work, repeats) => (await started(work).facts?.(repeats)) ?? null,
    async finish(work): Promise<null> {
      running.get(work)?.dispose?.();
      running.delete(work);
      return null;
    },
  };
}

/** Answers until the parent closes the pipe (or is gone). */
export async function serveEngine(definition: EngineDefinition): Promise<never> {
  // Libraries greet on the console; stdout is for answers only.
  for (const level of ['log', 'info', 'debug', 'warn'] as const) console[level] = console.error;
  const engine = engineOf(definition);
  for await (const line of createInterface({ input: process.stdin })) {
    const { method, args } = JSON.parse(line) as EngineRequest;
    process.stdout.write(`${JSON.stringify(await answer(engine, method, args))}\n`);
  }
  process.exit(0);
}

async function answer(
  engine: Engine,
  method: keyof Engine,
  args: EngineRequest['args'],
): Promise<EngineReply> {
  try {
    const call = engine[method] as (...args: EngineRequest['args']) => Promise<unknown>;
    return { value: await call.apply(engine, args) };
  } catch (error) {
    const { exitCode } = error as { exitCode?: number };
    return { error: error instanceof Error ? error.message : String(error), exitCode };
  }
}
