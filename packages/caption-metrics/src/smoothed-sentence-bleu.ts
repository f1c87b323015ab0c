// BLEU of single sentences with add-one smoothing: for rewards, for ranking samples, and averaged over a corpus.
import { bleuCounts, type BleuCounts } from './bleu.ts';
import { checkPairs, maxOrder, type Tokens } from './n-grams.ts';

/** The smoothed value of one sentence's counts. */
export function smoothedBleuOf(
  { testLength, referenceLength, guess, correct }: BleuCounts,
  order: number = maxOrder,
): number {
  if (correct[0] === 0) return 0;
  let logSum = 0;
  for (let n = 0; n < order; n++) {
    const added = n === 0 ? 0 : 1;
    logSum += Math.log((correct[n] + added) / (guess[n] + added));
  }
  const brevity = testLength < referenceLength ? Math.exp(1 - referenceLength / testLength) : 1;
  return brevity * Math.exp(logSum / order);
}

/**
 * Sentence BLEU with one added to hits and guesses of every order above 1 (Lin and Och 2004, "ORANGE"), so that a
 * short caption without a common 4-gram still gets a usable value. Not comparable with corpus BLEU.
 *
 * @param order highest n-gram order, 1..4
 * @returns a value in 0..1; 0 for an empty hypothesis or one that shares no word with its references
 * @throws RangeError for no references or an order outside 1..4
 */
export function smoothedSentenceBleu(
  hypothesis: Tokens,
  references: readonly Tokens[],
  { order = maxOrder } = {},
): number {
  if (references.length === 0) throw new RangeError('smoothedSentenceBleu: no reference given');
  if (!Number.isInteger(order) || order < 1 || order > maxOrder) {
    throw new RangeError(`smoothedSentenceBleu: order must be 1 to ${maxOrder}, not ${order}`);
  }
  return smoothedBleuOf(bleuCounts(hypothesis, references), order);
}

export interface SmoothedBleuResult {
  /** Mean over images. */
  smoothedBleu: number;
  perImage: number[];
}

/**
 * Mean over images of {@link smoothedSentenceBleu} up to 4-grams: "sentence BLEU", which some papers report where
 * others report corpus BLEU.
 *
 * @throws RangeError when the lists differ in length, are empty, or an image has no reference
 */
export function smoothedBleu(
  hypotheses: readonly Tokens[],
  references: readonly (readonly Tokens[])[],
): SmoothedBleuResult {
  checkPairs('smoothedBleu', hypotheses, references);
  const perImage = hypotheses.map((hypothesis, i) => smoothedSentenceBleu(hypothesis, references[i]));
  return { smoothedBleu: perImage.reduce((sum, value) => sum + value, 0) / perImage.length, perImage };
}
