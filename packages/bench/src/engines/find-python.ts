// Looks for a Python that can import a module: the one that was named, or the first such one on PATH.
import { execFile } from 'node:child_process';
import { access, constants, realpath } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { CommandError } from '@foreword/cli-kit';

export interface FindPythonOptions {
  /** A path or a name on PATH; no other is tried then. Default the environment variable FOREWORD_PYTHON. */
  wanted?: string;
  /** Default that of this process. */
  path?: string;
}

/**
 * The Python's own path or name.
 * @throws CommandError when none can import `module`, naming those that were tried
 */
export async function findPython(
  module: string,
  { wanted = process.env.FOREWORD_PYTHON, path = process.env.PATH ?? '' }: FindPythonOptions = {},
): Promise<string> {
  const candidates = wanted ? [wanted] : await pythonsOn(path);
  for (const candidate of candidates) if (await canImport(candidate, module)) return candidate;
  const cure = '--python FILE or FOREWORD_PYTHON names another';
  if (candidates.length === 0) throw new CommandError('there is no python3 on PATH', { cure });
  throw new CommandError(`${candidates.join(' and ')} cannot import ${module}`, { cure });
}

/** Every `python3` on PATH, each file once. */
async function pythonsOn(path: string): Promise<string[]> {
  const name = process.platform === 'win32' ? 'python.exe' : 'python3';
  const found = new Map<string, string>();
  for (const folder of path.split(delimiter)) {
    const file = join(folder, name);
    try {
      await access(file, constants.X_OK);
      const real = await realpath(file);
      if (!found.has(real)) found.set(real, file);
    } catch {
      // No Python in this folder.
    }
  }
  return [...found.values()];
}

async function canImport(python: string, module: string): Promise<boolean> {
  try {
    // The first import of a large module from a slow disk takes its time.
    await promisify(execFile)(python, ['-c', `import ${module}`], { timeout: 120_000 });
    return true;
  } catch {
    return false;
  }
}
