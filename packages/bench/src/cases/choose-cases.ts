// Reads the list after --only.
import { nearestWord, UsageError } from '@foreword/cli-kit';
import { caseNames, type CaseName } from './index.ts';

/**
 * The chosen groups in the order of the table; all of them without a list.
 * @throws UsageError naming the nearest right name
 */
export function chooseCases(list: string | undefined): CaseName[] {
  if (list === undefined) return [...caseNames];
  const wanted = list
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  for (const word of wanted) {
    if ((caseNames as string[]).includes(word)) continue;
    const near = nearestWord(word, caseNames);
    throw new UsageError(`--only: there is no group "${word}"`, {
      cure: near === undefined ? `there are: ${caseNames.join(', ')}` : `did you mean ${near}?`,
    });
  }
  if (wanted.length === 0)
    throw new UsageError('--only needs a name', { cure: `there are: ${caseNames.join(', ')}` });
  return caseNames.filter((name) => wanted.includes(name));
}
