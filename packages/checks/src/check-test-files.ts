// Test files that would silently test nothing, or less than they seem to.
import type { Check } from './repository.ts';

const testFile = /^packages\/[^/]+\/test\/.*\.(test|conformance)\.ts$/;

/** uvu runs nothing of a file that never calls `run()`, and exits 0; `.only` leaves the others out. */
export const checkTestFiles: Check = {
  name: 'test files',
  find(repository) {
    const problems: string[] = [];
    for (const path of repository.files) {
      if (!testFile.test(path)) continue;
      const text = repository.read(path) ?? '';
      if (!/^\s*\w+\.run\(\);?/m.test(text))
        problems.push(`${path}: never calls run(), so none of its tests run`);
      for (const [index, line] of text.split('\n').entries()) {
        if (/^\s*\w+\.only\(/.test(line))
          problems.push(`${path}:${index + 1}: .only leaves the other tests out`);
      }
    }
    return problems;
  },
};
