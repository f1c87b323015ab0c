// Corpus BLEU-1..4 as coco-caption computes it, with its counts and the value of every image.
import { checkPairs, countKnownNGrams, countNGrams, maxOrder, type Tokens } from './n-grams.ts';

/** BLEU-1, -2, -3 and -4. */
export type BleuScores = [number, number, number, number];

export interface BleuResult {
  /** Corpus BLEU-1..4, brevity penalty included. */
  bleu: BleuScores;
  /** BLEU-1..4 of each hypothesis alone, in the order given. */
  perImage: BleuScores[];
  /** What each image adds to the counts below. */
  counts: BleuCounts[];
  /** Words in all hypotheses. */
  testLength: number;
  /** Sum over hypotheses of the length of the reference closest in length (the shorter one on a tie). */
  referenceLength: number;
  /** n-grams in all hypotheses, by order. */
  guess: number[];
  /** Of those, how many occur in a reference of the same image, clipped to the most any single one has. */
  correct: number[];
}

/** What one segment adds to the corpus counts. */
export interface BleuCounts {
  testLength: number;
  referenceLength: number;
  guess: number[];
  correct: number[];
}

// coco-caption's guards against division by zero; every published value of it carries them.
const tiny = 1e-15;
const small = 1e-9;

/** The counts of one hypothesis against its references. */
export function bleuCounts(hypothesis: Tokens, references: readonly Tokens[]): BleuCounts {
  const own = countNGrams(hypothesis);
  const most: Map<string, number>[] = Array.from({ length: maxOrder }, () => new Map());
  for (const reference of references) {
    countKnownNGrams(reference, own).forEach((counts, order) => {
      for (const [key, count] of counts) if (count > (most[order].get(key) ?? 0)) most[order].set(key, count);
    });
  }
  const correct = own.map((counts, order) => {
    let hits = 0;
    for (const [key, count] of counts) hits += Math.min(count, most[order].get(key) ?? 0);
    return hits;
  });
  const guess = Array.from({ length: maxOrder }, (_, order) => Math.max(0, hypothesis.length - order));
  return {
    testLength: hypothesis.length,
    referenceLength: closestLength(hypothesis.length, references),
    guess,
    correct,
  };
}

/** Length of the reference closest to `length`; on a tie the shorter one. */
export function closestLength(length: number, references: readonly Tokens[]): number {
  let best = Infinity;
  for (const { length: candidate } of references) {
    const gain = Math.abs(best - length) - Math.abs(candidate - length);
    if (gain > 0 || (gain === 0 && candidate < best)) best = candidate;
  }
  return best;
}

/** Sums of counts, each taken `times[i]` times (once by default). */
export function sumBleuCounts(list: readonly BleuCounts[], times?: ArrayLike<number>): BleuCounts {
  const zeros = (): number[] => new Array<number>(maxOrder).fill(0);
  const sum: BleuCounts = { testLength: 0, referenceLength: 0, guess: zeros(), correct: zeros() };
  list.forEach((counts, i) => {
    const by = times ? times[i] : 1;
    if (by === 0) return;
    sum.testLength += by * counts.testLength;
    sum.referenceLength += by * counts.referenceLength;
    for (let order = 0; order < maxOrder; order++) {
      sum.guess[order] += by * counts.guess[order];
      sum.correct[order] += by * counts.correct[order];
    }
  });
  return sum;
}

/** BLEU-1..4 that counts stand for, brevity penalty included. */
export function bleuOf({ testLength, referenceLength, guess, correct }: BleuCounts): BleuScores {
  const ratio = (testLength + tiny) / (referenceLength + small);
  const brevity = ratio < 1 ? Math.exp(1 - 1 / ratio) : 1;
  let product = 1;
  return correct.map((hits, order) => {
    product *= (hits + tiny) / (guess[order] + small);
    return product ** (1 / (order + 1)) * brevity;
  }) as BleuScores;
}

/**
 * BLEU over a corpus (Papineni et al. 2002) with coco-caption's conventions: the closest reference length, and
 * 1e-15 and 1e-9 added to numerators and denominators. Tokens are compared as they are; see `tokenizeCaption`.
 *
 * @param hypotheses one tokenised caption per image
 * @param references one set of tokenised references per image, in the same order
 * @throws RangeError when the lists differ in length, are empty, or an image has no reference
 */
export function bleu(hypotheses: readonly Tokens[], references: readonly (readonly Tokens[])[]): BleuResult {
  checkPairs('bleu', hypotheses, references);
  const counts = hypotheses.map((hypothesis, i) => bleuCounts(hypothesis, references[i]));
  const total = sumBleuCounts(counts);
  return { bleu: bleuOf(total), perImage: counts.map(bleuOf), counts, ...total };
}
