// Byte-pair encoding in its plainest form, to compare the encoder with.
import { toByteAlphabet } from '../src/byte-alphabet.ts';
import type { TokenizerJson } from '../src/index.ts';

/** Ids of one word: while any neighbours have a merge, join the leftmost pair of the lowest rank. */
export function plainBpe(word: string, { model }: TokenizerJson): number[] {
  const ranks = new Map(model.merges.map((merge, rank) => [String(merge), rank]));
  const symbols = [...toByteAlphabet(word)];
  symbols[symbols.length - 1] += model.end_of_word_suffix ?? '';
  for (;;) {
    let best = Infinity;
    let at = -1;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const rank = ranks.get(`${symbols[i]} ${symbols[i + 1]}`) ?? Infinity;
      if (rank < best) [best, at] = [rank, i];
    }
    if (at < 0) return symbols.map((symbol) => model.vocab[symbol]);
    symbols.splice(at, 2, symbols[at] + symbols[at + 1]);
  }
}
