// Runs a command of the trainer as a process of its own.
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shellExitCode } from '@foreword/test-kit';

const here = dirname(fileURLToPath(import.meta.url));

export interface Answer {
  code: number | null;
  /** Of the process, which is gone. */
  pid: number | undefined;
  stdout: string;
  stderr: string;
  /** Both, as they came. */
  text: string;
}

export interface AnswerOptions {
  env?: Record<string, string>;
  /** A file that takes stderr. */
  stderrTo?: string;
  /** Sees stderr so far after every piece, and may send a signal. */
  onError?: (stderr: string, kill: (signal: NodeJS.Signals) => void) => void;
  /** Runs beside the process and may send signals. */
  onStart?: (kill: (signal: NodeJS.Signals) => void, isRunning: () => boolean) => Promise<void>;
}

/** The answer of `pnpm <command> <args>`, without pnpm. */
export async function answer(
  command: string,
  args: readonly string[],
  { env = {}, stderrTo, onError = () => {}, onStart }: AnswerOptions = {},
): Promise<Answer> {
  const file = join(here, '../src/commands', `${command}.ts`);
  const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=foreword-source', file, ...args], {
    env: { ...process.env, ...env },
    cwd: join(here, '..'),
    stdio: ['pipe', 'pipe', stderrTo === undefined ? 'pipe' : openSync(stderrTo, 'w')],
  });
  const got: Answer = { code: null, pid: child.pid, stdout: '', stderr: '', text: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      got[name] += text;
      got.text += text;
      if (name === 'stderr') onError(got.stderr, (signal) => child.kill(signal));
    });
  }
  const ended = new Promise<Answer>((resolve) =>
    child.on('close', (code, signal) => resolve({ ...got, code: shellExitCode(code, signal) })),
  );
  await onStart?.(
    (signal) => child.kill(signal),
    () => child.exitCode === null && child.signalCode === null,
  );
  return await ended;
}
