// Format, lint and types: checks that are other people's programs.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** A program and its arguments; it passes when it exits 0. */
export interface ToolCheck {
  name: string;
  /** Name of the executable in `node_modules/.bin`, then its arguments. */
  command: readonly string[];
}

/** What `pnpm check` runs; each also works by hand through `pnpm exec`. */
export const toolChecks: readonly ToolCheck[] = [
  { name: 'format', command: ['oxfmt', '--list-different'] },
  // Lint takes a file's types from the nearest tsconfig.json: tests have one of their own for that.
  { name: 'lint', command: ['oxlint', '--deny-warnings', '--report-unused-disable-directives'] },
  { name: 'types', command: ['tsc', '--noEmit', '-p', 'packages/checks/tsconfig.all.json'] },
];

/** Outcome of a tool; `output` is everything it printed. */
export interface ToolOutcome {
  passed: boolean;
  output: string;
}

/** Runs one tool in `root`; a tool that is not installed is a failed check that says so. */
export function runTool(tool: ToolCheck, root: string): Promise<ToolOutcome> {
  const [program, ...args] = tool.command;
  const bin = join(root, 'node_modules', '.bin');
  const path = `${bin}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH ?? ''}`;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, PATH: path },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => void (output += text));
    }
    child.on('error', (error) =>
      resolve({ passed: false, output: `${program}: ${error.message}; run ./setup.sh` }),
    );
    child.on('close', (code) => resolve({ passed: code === 0, output }));
  });
}
