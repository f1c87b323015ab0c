// Names that say nothing are not given to files, folders or packages.
import type { Check } from './repository.ts';

const empty = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'stuff', 'shared']);

/** Looks at every word of every path. */
export const checkNames: Check = {
  name: 'names',
  find(repository) {
    const problems = new Set<string>();
    for (const path of repository.files) {
      const parts = path.split('/');
      for (const [depth, part] of parts.entries()) {
        const word = part
          .toLowerCase()
          .split(/[^a-z0-9]+/)
          .find((candidate) => empty.has(candidate));
        if (word === undefined) continue;
        const place = parts.slice(0, depth + 1).join('/');
        problems.add(`${place}: "${word}" says nothing; name it after what it holds`);
      }
    }
    return [...problems];
  },
};
