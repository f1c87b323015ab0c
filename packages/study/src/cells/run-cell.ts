// Runs one cell as a process of its own, with its output in a log beside its folder.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cellCommand, type Cell } from './plan-cells.ts';

export interface CellOutcome {
  /** `interrupted`: it stopped because of the signal, and what it had is saved. */
  outcome: 'done' | 'interrupted' | 'failed';
  /** Of a failed one: its error, or how it ended. */
  reason?: string;
}

export interface RunCellOptions {
  /** Where the cells' folders lie. */
  folder: string;
  /** Go on from the cell's last checkpoint. */
  resume: boolean;
  signal: AbortSignal;
  /** Receives the process's stderr as it comes. Default: this process's. */
  write?: (text: string) => void;
}

/** The trainer's command of this name: its source, or the built one when this package is built. */
function commandFile(name: string): string {
  const entry = import.meta.resolve('@foreword/trainer');
  const extension = entry.slice(entry.lastIndexOf('.'));
  return fileURLToPath(new URL(`commands/${name}${extension}`, entry));
}

/** A resumed run keeps its settings; these are none of them. */
export function resumeArgs({ id, flags }: Cell, folder: string): string[] {
  const more = ['max-steps', 'adapter'].filter((name) => flags[name] !== undefined);
  return ['--resume', join(folder, id), ...more.flatMap((name) => [`--${name}`, String(flags[name])])];
}

/** Runs the cell to its end; when the signal aborts, it is asked to save and stop. */
export async function runCell(
  cell: Cell,
  { folder, resume, signal, write = (text) => void process.stderr.write(text) }: RunCellOptions,
): Promise<CellOutcome> {
  const { command, args } = cellCommand(cell, folder);
  const own = resume ? resumeArgs(cell, folder) : args;
  // With the flags of this process: the loader of TypeScript and the condition for sources.
  const child = spawn(process.execPath, [...process.execArgv, commandFile(command), ...own], {
    // Over the fourth it sees when this process is gone, and saves and stops too.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const log = createWriteStream(join(folder, `${cell.id}.log`), { flags: resume ? 'a' : 'w' });
  // A training is worth more than its log.
  log.once('error', ({ message }) => write(`note: the log of ${cell.id} is not written: ${message}\n`));
  log.on('error', () => {});
  let errors = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => void log.write(text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    log.write(text);
    errors = (errors + text).slice(-4000);
    write(text);
  });
  // A terminal has sent Ctrl-C to the child as well; it takes the second one for an echo.
  const stop = (): void => void child.kill('SIGINT');
  const end = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', stop);
  process.on('exit', end);
  if (signal.aborted) stop();
  const ended = await new Promise<{ code: number | null; how: string }>((settle) => {
    child.on('error', (error) => settle({ code: null, how: error.message }));
    child.on('close', (code, name) =>
      settle({ code, how: name === null ? `exit code ${code}` : `ended by ${name}` }),
    );
  });
  signal.removeEventListener('abort', stop);
  process.off('exit', end);
  await new Promise<void>((settle) => log.end(() => settle()));
  if (ended.code === 0) return { outcome: 'done' };
  if (ended.code === 130 || signal.aborted) return { outcome: 'interrupted' };
  return { outcome: 'failed', reason: lastError(errors) ?? ended.how };
}

/** The last `error: …` of a command, with its cure. */
function lastError(text: string): string | undefined {
  const at = text.lastIndexOf('error: ');
  return at < 0
    ? undefined
    : text
        .slice(at + 7)
        .trim()
        .replace(/\n\s*/g, '; ');
}
