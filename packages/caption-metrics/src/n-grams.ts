// Counts the n-grams of a tokenised caption; the one place that decides how an n-gram is keyed.

/** A caption as words, already lower-cased and without punctuation where that is wanted. */
export type Tokens = readonly string[];

/** Longest n-gram that BLEU and CIDEr look at. */
export const maxOrder = 4;

/** The key of an n-gram: its words joined by one space, unambiguous because a word holds no space. */
export function nGramKey(words: Tokens): string {
  return words.join(' ');
}

/**
 * Counts the n-grams of orders 1..maxOrder.
 *
 * @returns one map per order (index 0 holds unigrams) from {@link nGramKey} to count, in order of first occurrence
 */
export function countNGrams(tokens: Tokens, orders: number = maxOrder): Map<string, number>[] {
  const counts: Map<string, number>[] = [];
  let keys: string[] = [];
  for (let n = 1; n <= orders; n++) {
    const ofOrder = new Map<string, number>();
    const longer: string[] = [];
    for (let i = 0; i + n <= tokens.length; i++) {
      const key = n === 1 ? tokens[i] : `${keys[i]} ${tokens[i + n - 1]}`;
      longer.push(key);
      ofOrder.set(key, (ofOrder.get(key) ?? 0) + 1);
    }
    counts.push(ofOrder);
    keys = longer;
  }
  return counts;
}

/**
 * Counts only those n-grams that `known` holds, which must hold with an n-gram all that it begins with, as the maps of
 * {@link countNGrams} do. Much cheaper than counting all of a long reference.
 */
export function countKnownNGrams(
  tokens: Tokens,
  known: readonly { has(key: string): boolean }[],
): Map<string, number>[] {
  const counts = known.map(() => new Map<string, number>());
  for (let i = 0; i < tokens.length; i++) {
    const longest = Math.min(known.length, tokens.length - i);
    let key = '';
    for (let order = 0; order < longest; order++) {
      key = order === 0 ? tokens[i] : `${key} ${tokens[i + order]}`;
      if (!known[order].has(key)) break;
      counts[order].set(key, (counts[order].get(key) ?? 0) + 1);
    }
  }
  return counts;
}

/** Throws unless every hypothesis has a reference set with at least one reference. */
export function checkPairs(
  metric: string,
  hypotheses: readonly Tokens[],
  references: readonly (readonly Tokens[])[],
): void {
  if (hypotheses.length !== references.length) {
    throw new RangeError(
      `${metric}: ${hypotheses.length} hypotheses but ${references.length} reference sets; give one set per hypothesis`,
    );
  }
  if (hypotheses.length === 0)
    throw new RangeError(`${metric}: nothing to score, the list of hypotheses is empty`);
  const bare = references.findIndex((set) => set.length === 0);
  if (bare >= 0) throw new RangeError(`${metric}: hypothesis ${bare} has no reference`);
}
