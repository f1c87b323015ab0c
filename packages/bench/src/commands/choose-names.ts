// Reads a comma-separated list of names after a flag.
import { nearestWord, UsageError } from '@foreword/cli-kit';

export interface ChooseOptions {
  /** With its dashes, for errors. */
  flag: string;
  /** What the names are names of, in the singular. */
  what: string;
}

/**
 * The chosen names in the order of `all`; all of them without a list.
 * @throws UsageError naming the nearest right name
 */
export function chooseNames<const N extends string>(
  list: string | undefined,
  all: readonly N[],
  { flag, what }: ChooseOptions,
): N[] {
  if (list === undefined) return [...all];
  const wanted = list
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  for (const word of wanted) {
    if ((all as readonly string[]).includes(word)) continue;
    const near = nearestWord(word, all);
    throw new UsageError(`${flag}: there is no ${what} "${word}"`, {
      cure: near === undefined ? `there are: ${all.join(', ')}` : `did you mean ${near}?`,
    });
  }
  if (wanted.length === 0)
    throw new UsageError(`${flag} needs a name`, { cure: `there are: ${all.join(', ')}` });
  return all.filter((name) => wanted.includes(name));
}
