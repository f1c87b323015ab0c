// The child's side: reads questions from stdin, answers on stdout, ends when stdin does.
import { createInterface } from 'node:readline';
import type { Engine, EngineReply, EngineRequest } from './protocol.ts';

/** Answers until the parent closes the pipe (or is gone). */
export async function serveEngine(engine: Engine): Promise<never> {
  // Libraries greet on the console; stdout is for answers only.
  for (const level of ['log', 'info', 'debug', 'warn'] as const) console[level] = console.error;
  for await (const line of createInterface({ input: process.stdin })) {
    const { method, args } = JSON.parse(line) as EngineRequest;
    process.stdout.write(`${JSON.stringify(await answer(engine, method, args))}\n`);
  }
  process.exit(0);
}

async function answer(engine: Engine, method: keyof Engine, args: number[]): Promise<EngineReply> {
  try {
    const call = engine[method] as (...args: number[]) => Promise<unknown>;
    return { value: await call.apply(engine, args) };
  } catch (error) {
    const { exitCode } = error as { exitCode?: number };
    return { error: error instanceof Error ? error.message : String(error), exitCode };
  }
}
