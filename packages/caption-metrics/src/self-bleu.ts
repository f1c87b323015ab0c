// Self-BLEU: how alike captions are to each other. Lower means more variety.
import { smoothedBleuOf } from './smoothed-sentence-bleu.ts';
import { countNGrams, maxOrder, type Tokens } from './n-grams.ts';

/** Highest count of an n-gram in any caption, whose it is, and the highest in any other caption. */
interface TopTwo {
  most: number;
  owner: number;
  next: number;
}

/**
 * Mean over captions of the smoothed sentence BLEU against all other captions as references (Zhu et al. 2018,
 * "Texygen"; smoothed as in {@link smoothedSentenceBleu}). Over several samples of one image it is known as mBLEU.
 *
 * Takes time in proportion to the number of words, not to its square. With fewer than two captions it is 0.
 */
export function selfBleu(captions: readonly Tokens[]): number {
  if (captions.length < 2) return 0;
  const counted = captions.map((caption) => countNGrams(caption));
  const table = new Map<string, TopTwo>();
  counted.forEach((byOrder, owner) => {
    for (const counts of byOrder) {
      for (const [key, count] of counts) {
        const top = table.get(key);
        if (!top) table.set(key, { most: count, owner, next: 0 });
        else if (count > top.most) {
          top.next = top.most;
          top.most = count;
          top.owner = owner;
        } else if (count > top.next) top.next = count;
      }
    }
  });
  const lengths = new Map<number, number>();
  for (const { length } of captions) lengths.set(length, (lengths.get(length) ?? 0) + 1);
  let sum = 0;
  captions.forEach(({ length }, i) => {
    const correct = counted[i].map((counts) => {
      let hits = 0;
      for (const [key, count] of counts) {
        const top = table.get(key) as TopTwo;
        hits += Math.min(count, top.owner === i ? top.next : top.most);
      }
      return hits;
    });
    sum += smoothedBleuOf({
      testLength: length,
      referenceLength: closestOther(length, lengths),
      guess: Array.from({ length: maxOrder }, (_, order) => Math.max(0, length - order)),
      correct,
    });
  });
  return sum / captions.length;
}

/** Length closest to `length` among the other captions, the shorter one on a tie. */
function closestOther(length: number, lengths: ReadonlyMap<number, number>): number {
  let best = Infinity;
  for (const [candidate, count] of lengths) {
    if (candidate === length && count === 1) continue;
    const gain = Math.abs(best - length) - Math.abs(candidate - length);
    if (gain > 0 || (gain === 0 && candidate < best)) best = candidate;
  }
  return best;
}
