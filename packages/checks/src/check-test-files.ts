// Test files that would silently test nothing, or less than they seem to.
import type { Check } from './repository.ts';

const testFile = /^packages\/[^/]+\/test\/.*\.(test|conformance|full)\.ts$/;

/**
 * uvu runs nothing of a file that never calls `run()`, and exits 0; `.only` leaves the others out; uvu's own tests
 * have no time limit.
 */
export const checkTestFiles: Check = {
  name: 'test files',
  find(repository) {
    const problems: string[] = [];
    const files = new Set(repository.files);
    const folders = new Set(
      [...files].filter((path) => testFile.test(path)).map((path) => path.split('/', 2).join('/')),
    );
    for (const folder of folders) {
      if (!files.has(`${folder}/test/tsconfig.json`))
        problems.push(`${folder}/test: has no tsconfig.json, so lint does not know the types of its tests`);
    }
    for (const path of repository.files) {
      if (!testFile.test(path)) continue;
      const text = repository.read(path) ?? '';
      if (!/^\s*\w+\.run\(\);?/m.test(text))
        problems.push(`${path}: never calls run(), so none of its tests run`);
      if (/^import .* from 'uvu';/m.test(text) && !path.startsWith('packages/test-kit/'))
        problems.push(
          `${path}: takes its tests from uvu, where they may hang; take suite from @foreword/test-kit`,
        );
      for (const [index, line] of text.split('\n').entries()) {
        if (/^\s*\w+\.only\(/.test(line))
          problems.push(`${path}:${index + 1}: .only leaves the other tests out`);
      }
    }
    return problems;
  },
};
