// Corpus BLEU-1..4 as coco-caption computes it, with its counts and the value of every image.
import { checkPairs, countNGrams, maxOrder, type Tokens } from './n-grams.ts';

/** BLEU-1, -2, -3 and -4. */
export type BleuScores = [number, number, number, number];

export interface BleuResult {
  /** Corpus BLEU-1..4, brevity penalty included. */
  bleu: BleuScores;
  /** BLEU-1..4 of each hypothesis alone, in the order given. */
  perImage: BleuScores[];
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
  const most: Map<string, number>[] = Array.from({ length: maxOrder }, () => new Map());
  for (const reference of references) {
    countNGrams(reference).forEach((counts, order) => {
      for (const [key, count] of counts) if (count > (most[order].get(key) ?? 0)) most[order].set(key, count);
    });
  }
  const correct = countNGrams(hypothesis).map((counts, order) => {
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

function scoresOf({ testLength, referenceLength, guess, correct }: BleuCounts): BleuScores {
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
  const total: BleuCounts = {
    testLength: 0,
    referenceLength: 0,
    guess: new Array<number>(maxOrder).fill(0),
    correct: new Array<number>(maxOrder).fill(0),
  };
  const perImage = hypotheses.map((hypothesis, i) => {
    const counts = bleuCounts(hypothesis, references[i]);
    total.testLength += counts.testLength;
    total.referenceLength += counts.referenceLength;
    for (let order = 0; order < maxOrder; order++) {
      total.guess[order] += counts.guess[order];
      total.correct[order] += counts.correct[order];
    }
    return scoresOf(counts);
  });
  return { bleu: scoresOf(total), perImage, ...total };
}
