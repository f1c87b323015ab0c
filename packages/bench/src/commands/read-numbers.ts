// Reads a comma-separated list of numbers after a flag.
import { UsageError } from '@foreword/cli-kit';

/** @throws UsageError for what is no number above 0, or no whole one where it must be */
export function readNumbers(
  list: string,
  { flag, whole = false }: { flag: string; whole?: boolean },
): number[] {
  const numbers = list.split(',').map((word) => (word.trim() === '' ? Number.NaN : Number(word)));
  const isFine = (n: number): boolean => Number.isFinite(n) && n > 0 && (!whole || Number.isInteger(n));
  if (!numbers.every(isFine))
    throw new UsageError(`${flag}: "${list}" is no list of ${whole ? 'whole ' : ''}numbers above 0`, {
      cure: `for example ${flag} 1,10,20`,
    });
  return numbers;
}
