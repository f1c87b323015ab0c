// Nothing of one person's machine or network gets into a committed file.
import type { Check } from './repository.ts';

const patterns: readonly [what: string, pattern: RegExp][] = [
  ['a path of one machine', /(?<![\w.$}/-])\/(?:home|Users)\/[\w.-]+\//],
  ['a path of one machine', /(?<![\w.$}/-])\/(?:root|work|workspace|mnt\/[a-z])\/[\w.-]+/],
  ['a path of one machine', /\b[A-Z]:\\+Users\\+/],
  ['a package registry', /https?:\/\/(?:registry|npm|packages)\.[\w.-]+/],
  ['a package registry', /https?:\/\/[\w.:-]+\/(?:artifactory|repository\/npm|api\/npm)\b/],
  ['a package registry', /^\s*(?:@[\w-]+:)?registry\s*[=:]/],
  ['a package address in the lock file', /\btarball:\s*https?:/],
];

/** Reads every text file line by line. */
export const checkPrivateText: Check = {
  name: 'private text',
  find(repository) {
    const problems: string[] = [];
    for (const path of repository.files) {
      const lines = repository.read(path)?.split('\n') ?? [];
      for (const [index, line] of lines.entries()) {
        for (const [what, pattern] of patterns) {
          const match = pattern.exec(line);
          if (match) problems.push(`${path}:${index + 1}: ${what}: ${match[0].trim()}`);
        }
      }
    }
    return problems;
  },
};
