// Runs one test process: output shown and kept, ended with all its children when it takes too long.
import { spawn } from 'node:child_process';

/** What to run and for how long. */
export interface ProcessOptions {
  cwd: string;
  timeLimitSeconds: number;
  /** Receives the output as it comes; default: this process's stdout. */
  write?: (text: string) => void;
}

/** How a process ended. */
export interface ProcessResult {
  /** stdout and stderr, in the order in which they came. */
  output: string;
  /** null when a signal ended it. */
  exitCode: number | null;
  timedOut: boolean;
}

/** Runs `command`; a process that cannot be started counts as exit code 127. */
export function runProcess(command: readonly string[], options: ProcessOptions): Promise<ProcessResult> {
  const { cwd, timeLimitSeconds, write = (text) => void process.stdout.write(text) } = options;
  const ownGroup = process.platform !== 'win32';
  return new Promise((resolve) => {
    const child = spawn(command[0], command.slice(1), {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: ownGroup,
      shell: !ownGroup,
    });
    let output = '';
    let timedOut = false;
    const keep = (text: string): void => {
      output += text;
      write(text);
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep);

    const killAll = (signal: NodeJS.Signals): void => {
      try {
        // A negative id means the whole group: pnpm, node and whatever the tests started.
        if (ownGroup && child.pid !== undefined) process.kill(-child.pid, signal);
        else child.kill(signal);
      } catch {
        // It has ended by itself in the meantime.
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      keep(`\nNot done after ${timeLimitSeconds} s: ended.\n`);
      killAll('SIGKILL');
    }, timeLimitSeconds * 1000);
    const onInterrupt = (): void => {
      killAll('SIGKILL');
      process.exit(130);
    };
    process.once('SIGINT', onInterrupt);
    process.once('SIGTERM', onInterrupt);

    const finish = (exitCode: number | null): void => {
      clearTimeout(timer);
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onInterrupt);
      resolve({ output, exitCode, timedOut });
    };
    child.on('error', (error) => {
      keep(`${command[0]} could not be started: ${error.message}\n`);
      finish(127);
    });
    child.on('close', finish);
  });
}
