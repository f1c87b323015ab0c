// Runs one command line tool from argv to exit code.
import { exitCodeOf, UsageError } from './command-error.ts';
import type { FlagSpecs } from './flag-spec.ts';
import { formatHelp } from './format-help.ts';
import type { CommandDescription } from './format-help.ts';
import { InterruptedError } from './interrupt-once.ts';
import { parseFlags } from './parse-flags.ts';
import type { ParsedFlags } from './parse-flags.ts';

// Exit status with which Node ends when a top-level await can never settle.
const unsettledAwait = 13;

/** A command: its description for `--help`, and what it does. */
export interface Command<S extends FlagSpecs> extends CommandDescription<S> {
  /** May return an exit code; undefined means 0. */
  run(parsed: ParsedFlags<S>): number | void | Promise<number | void>;
}

/**
 * Parses `argv`, runs the command and ends the process with its exit code, after everything written to stdout
 * and stderr has gone out. Exit codes: 0 done, 2 wrong command line, 3 no WebGPU adapter, 130 interrupted, any
 * other `exitCode` an error carries, else 1. With FOREWORD_DEBUG=1 errors show their stack.
 *
 * @example
 * await runCommand({ name: 'pnpm doctor', summary: '…', flags, run: async ({ values }) => { … } });
 */
export async function runCommand<const S extends FlagSpecs>(
  command: Command<S>,
  argv: readonly string[] = process.argv.slice(2),
): Promise<never> {
  // A promise that nothing keeps alive (a lost GPU callback) lets Node end with code 0 in the middle of work.
  const onExit = (code: number): void => {
    if (code !== 0 && code !== unsettledAwait) return;
    console.error(
      `error: ${command.name} ended before its work was done: nothing was left that could continue it`,
    );
    process.exitCode = 1;
  };
  process.on('exit', onExit);
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      // `pnpm caption … | head -1` closes the pipe: that is the reader's right and no error.
      process.off('exit', onExit);
      process.exit(0);
    });
  }

  let exitCode = 0;
  try {
    const parsed = parseFlags(argv, command.flags, { positionals: command.positionals });
    if (parsed.help) process.stdout.write(`${formatHelp(command, process.stdout.columns)}\n`);
    else exitCode = (await command.run(parsed)) ?? 0;
  } catch (error) {
    exitCode = exitCodeOf(error);
    const text = error instanceof InterruptedError ? error.message : describeError(command.name, error);
    process.stderr.write(`${text}\n`);
  }
  process.off('exit', onExit);
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  // Open handles (a device, a worker) would keep the process; a command that has returned wants it to end.
  process.exit(exitCode);
}

/** The lines printed for an error: message, causes, cure; the stack only with FOREWORD_DEBUG=1. */
export function describeError(commandName: string, error: unknown): string {
  const debug = process.env.FOREWORD_DEBUG === '1';
  if (!(error instanceof Error)) return `error: ${String(error)}`;
  const lines = [`error: ${error.message || error.name}`];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    const { message } = cause;
    if (!lines.some((line) => line.includes(message))) lines.push(`  because: ${message}`);
  }
  const { cure } = error as { cure?: unknown };
  if (typeof cure === 'string') lines.push(`  cure: ${cure}`);
  if (error instanceof UsageError) lines.push(`  all flags: ${commandName} --help`);
  else if (debug) lines.push(error.stack ?? '');
  else if (isUnexpected(error)) lines.push('  FOREWORD_DEBUG=1 shows where it happened');
  return lines.join('\n');
}

// Errors made for people carry an exit code or a cure; anything else is a defect worth a stack.
function isUnexpected(error: Error): boolean {
  return !('exitCode' in error) && !('cure' in error);
}

/** Resolves when what was written so far has left the process. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve();
    else stream.write('', () => resolve());
  });
}
