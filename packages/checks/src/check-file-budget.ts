// Files stay small enough to be read at a sitting.
import type { Check, Repository } from './repository.ts';

/** More lines than this fail. */
export const hardLimit = 600;
/** More lines than this are remarked on. */
export const softLimit = 350;

const code = /\.(ts|mts|js|mjs|cjs|tsx|wgsl|sh|html|css)$/;

/** What commands write, such as reports of studies, is not read as code. */
const written = /^benchmarks\//;

/** Lines of code files. */
export const checkFileBudget: Check = {
  name: 'file budget',
  find: (repository) =>
    longFiles(repository, hardLimit).map(
      ([path, lines]) => `${path}: ${lines} lines, at most ${hardLimit}; split it`,
    ),
  remark: (repository) =>
    longFiles(repository, softLimit).map(([path, lines]) => `${path}: ${lines} lines is long (${softLimit})`),
};

function longFiles(repository: Repository, limit: number): [path: string, lines: number][] {
  return repository.files
    .filter((path) => code.test(path) && !written.test(path))
    .map((path): [string, number] => [path, countLines(repository.read(path) ?? '')])
    .filter(([, lines]) => lines > limit)
    .sort((a, b) => b[1] - a[1]);
}

function countLines(text: string): number {
  const breaks = text.split('\n').length;
  return text.endsWith('\n') ? breaks - 1 : breaks;
}
