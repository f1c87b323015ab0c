// Finds the word somebody probably meant.

/**
 * Smallest number of insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`
 * (the "optimal string alignment" distance: no letter is edited twice).
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, substitution);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length];
}

/**
 * The candidate nearest to `word`, or undefined when none is near enough to be a slip of the hand: at most a
 * third of the letters (and never fewer than two) may differ, or one word begins with the other.
 */
export function nearestWord(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Infinity;
  let sameStart: string | undefined;
  for (const candidate of candidates) {
    const known = candidate.toLowerCase();
    const distance = editDistance(wanted, known);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
    const begins = wanted.length >= 2 && (known.startsWith(wanted) || wanted.startsWith(known));
    if (begins) sameStart ??= candidate;
  }
  const longest = Math.max(word.length, best?.length ?? 0);
  const allowed = Math.min(Math.max(2, Math.floor(longest / 3)), longest - 1);
  return bestDistance <= allowed ? best : sameStart;
}
