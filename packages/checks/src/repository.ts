// The files a check looks at: everything git would commit, with their contents.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A set of files by path relative to the root, with `/` on every system. */
export interface Repository {
  readonly files: readonly string[];
  /** Text of a file; undefined for binary files and for paths that are not in `files`. */
  read(path: string): string | undefined;
}

/** One own rule of this repository: gives a sentence per violation, and none when all is well. */
export interface Check {
  name: string;
  find(repository: Repository): string[];
  /** Things worth saying that do not fail. */
  remark?(repository: Repository): string[];
}

/**
 * Opens the git work tree at `root`: tracked files and new ones that are not ignored.
 *
 * @throws Error when git or the work tree is missing
 */
export function openRepository(root: string): Repository {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listing = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  const files = [...new Set(listing.split('\0'))].filter(
    (path) => path !== '' && existsSync(join(root, path)),
  );
  const known = new Set(files);
  const texts = new Map<string, string | undefined>();
  return {
    files: files.sort(),
    read(path) {
      if (known.has(path) && !texts.has(path)) texts.set(path, readText(join(root, path)));
      return texts.get(path);
    },
  };
}

// A NUL byte near the start is what git goes by to call a file binary.
function readText(path: string): string | undefined {
  const bytes = readFileSync(path);
  return bytes.subarray(0, 8000).includes(0) ? undefined : bytes.toString('utf8');
}

/** Text of a file that a check cannot do without. */
export function readRequired(repository: Repository, path: string): string {
  const text = repository.read(path);
  if (text === undefined) throw new Error(`${path} is missing or not a text file`);
  return text;
}
