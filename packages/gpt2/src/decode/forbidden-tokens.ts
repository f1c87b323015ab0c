// Tokens that must not come next; their logits become −∞.

/** Forbids every token that would complete a run of `n` tokens which the text has already (Paulus et al. 2018, §2.5). */
export function forbidRepeatedNgrams(logits: Float32Array, history: readonly number[], n: number): void {
  const end = history.length - (n - 1);
  for (let from = 0; from < end; from++) {
    let same = 0;
    while (same < n - 1 && history[from + same] === history[end + same]) same++;
    if (same === n - 1) logits[history[from + n - 1]] = -Infinity;
  }
}

/** Forbids the last token of each sequence whose other tokens the text ends with. */
export function forbidBadWords(
  logits: Float32Array,
  history: readonly number[],
  badWords: readonly (readonly number[])[],
): void {
  for (const word of badWords) {
    const before = word.length - 1;
    const from = history.length - before;
    let same = 0;
    while (from >= 0 && same < before && history[from + same] === word[same]) same++;
    if (from >= 0 && same === before) logits[word[before]] = -Infinity;
  }
}

/** Forbids the stop tokens while a text that ended with one would have fewer than `minTokens` tokens. */
export function forbidEarlyStop(
  logits: Float32Array,
  history: readonly number[],
  { minTokens, stop }: { minTokens: number; stop: readonly number[] },
): void {
  if (history.length + 1 >= minTokens) return;
  for (const id of stop) logits[id] = -Infinity;
}
