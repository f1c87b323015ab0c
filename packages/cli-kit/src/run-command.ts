// Runs one command line tool from argv to exit code.
import { CommandError, exitCodeOf, UsageError } from './command-error.ts';
import type { FlagSpecs } from './flag-spec.ts';
import { formatHelp } from './format-help.ts';
import type { CommandDescription } from './format-help.ts';
import { InterruptedError, OutputClosedError, stopWork } from './interrupt-once.ts';
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
 * and stderr has gone out. Exit codes: 0 done, 2 wrong command line, 3 no WebGPU adapter, 130 interrupted, 141 nobody
 * reads stdout any more, any other `exitCode` an error carries, else 1. With FOREWORD_DEBUG=1 errors show their stack.
 * A log that cannot be written (stderr) ends nothing; a stdout that cannot lets the work save and stop.
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
  process.stderr.on('error', () => {});
  let lost: CommandError | undefined;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (lost) return;
    // `pnpm caption … | head -1` closes the pipe: that is the reader's right and no error to speak of.
    lost = error.code === 'EPIPE' ? new OutputClosedError() : unwritable(error);
    if (stopWork(lost)) return;
    report(lost);
    process.off('exit', onExit);
    process.exit(lost.exitCode);
  });
  const report = (error: unknown): void => {
    if (error instanceof OutputClosedError) return;
    const text = error instanceof InterruptedError ? error.message : describeError(command.name, error);
    process.stderr.write(`${text}\n`);
  };

  let exitCode = 0;
  let isTold = false;
  try {
    const parsed = parseFlags(argv, command.flags, { positionals: command.positionals });
    if (parsed.help) process.stdout.write(`${formatHelp(command, process.stdout.columns)}\n`);
    else exitCode = (await command.run(parsed)) ?? 0;
  } catch (error) {
    exitCode = exitCodeOf(error);
    report(error);
    isTold = error === lost;
  }
  process.off('exit', onExit);
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  if (lost) {
    exitCode = lost.exitCode;
    if (!isTold) report(lost);
  }
  // Open handles (a device, a worker) would keep the process; a command that has returned wants it to end.
  process.exit(exitCode);
}

const unwritable = (error: NodeJS.ErrnoException): CommandError =>
  new CommandError(`stdout cannot be written (${error.code ?? error.message})`, {
    cure: 'free some space, or send the output elsewhere',
    cause: error,
  });

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
