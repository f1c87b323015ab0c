// The repository's own rules, in the order in which `pnpm check` reports them.
import { checkBoundaries } from './check-boundaries.ts';
import { checkBrowserEntries } from './check-browser-entries.ts';
import { checkFileBudget } from './check-file-budget.ts';
import { checkManifests } from './check-manifests.ts';
import { checkNames } from './check-names.ts';
import { checkPrivateText } from './check-private-text.ts';
import { checkTestFiles } from './check-test-files.ts';
import { checkTopLevel } from './check-top-level.ts';
import type { Check } from './repository.ts';

export const ownChecks: readonly Check[] = [
  checkTopLevel,
  checkManifests,
  checkBoundaries,
  checkBrowserEntries,
  checkNames,
  checkFileBudget,
  checkTestFiles,
  checkPrivateText,
];
