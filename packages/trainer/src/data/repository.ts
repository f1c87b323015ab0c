// Where things lie: the repository's own folders, found from this file.
import { execFile } from 'node:child_process';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const repositoryRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');
export const scenesRoot = join(repositoryRoot, 'datasets/scenes');
export const backbonesRoot = join(scenesRoot, 'backbones');
/** Features and the small dataset of --quick; `FOREWORD_CACHE` names another folder. */
export const cacheRoot = (): string => process.env.FOREWORD_CACHE ?? join(repositoryRoot, '.cache');
export const runsRoot = join(repositoryRoot, 'runs');

/** A path for people: relative to the current folder where that is shorter. */
export function shownPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near.length < path.length && !near.startsWith('../..') ? near || '.' : path;
}

/** The commit checked out, with "+" when files differ from it; undefined without git. */
export async function currentCommit(): Promise<string | undefined> {
  const git = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('git', args, { cwd: repositoryRoot })).stdout.trim();
  try {
    const [commit, changes] = await Promise.all([
      git('rev-parse', '--short=12', 'HEAD'),
      git('status', '--porcelain', '-uno'),
    ]);
    return changes ? `${commit}+` : commit;
  } catch {
    return undefined;
  }
}
