// The first thing a visitor sees: exactly these entries, dot-files apart.
import type { Check } from './repository.ts';

/** Every entry of the root folder that is not a dot-file. */
export const topLevel: readonly string[] = [
  'LICENSE',
  'README.md',
  'benchmarks',
  'datasets',
  'examples',
  'package.json',
  'packages',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  'setup.sh',
  'tsconfig.base.json',
  'turbo.json',
];

/** Reports missing and surplus entries. */
export const checkTopLevel: Check = {
  name: 'top level',
  find(repository) {
    const present = new Set(repository.files.map((path) => path.split('/')[0]));
    const missing = topLevel.filter((entry) => !present.has(entry)).map((entry) => `${entry} is missing`);
    const surplus = [...present].filter((entry) => !entry.startsWith('.') && !topLevel.includes(entry));
    return [...missing, ...surplus.map((entry) => `${entry} does not belong at the top level`)];
  },
};
