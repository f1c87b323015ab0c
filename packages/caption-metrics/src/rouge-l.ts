// ROUGE-L as coco-caption computes it: F of the longest common subsequence, averaged over images.
import { checkPairs, type Tokens } from './n-grams.ts';

export interface RougeLResult {
  /** Mean over images. */
  rougeL: number;
  perImage: number[];
}

// Weight of recall over precision in coco-caption's F.
const beta = 1.2;

/** Length of the longest common subsequence of two word lists. */
export function longestCommonSubsequence(a: Tokens, b: Tokens): number {
  let above = new Uint32Array(b.length + 1);
  let row = new Uint32Array(b.length + 1);
  for (const word of a) {
    for (let j = 0; j < b.length; j++) {
      row[j + 1] = word === b[j] ? above[j] + 1 : Math.max(above[j + 1], row[j]);
    }
    [above, row] = [row, above];
  }
  return above[b.length];
}

/**
 * ROUGE-L of one caption. Precision and recall are each the best over the references, taken separately, as in
 * coco-caption; 0 when nothing is shared.
 */
export function sentenceRougeL(hypothesis: Tokens, references: readonly Tokens[]): number {
  let precision = 0;
  let recall = 0;
  for (const reference of references) {
    const common = longestCommonSubsequence(hypothesis, reference);
    if (common === 0) continue;
    precision = Math.max(precision, common / hypothesis.length);
    recall = Math.max(recall, common / reference.length);
  }
  if (precision === 0 || recall === 0) return 0;
  return ((1 + beta ** 2) * precision * recall) / (recall + beta ** 2 * precision);
}

/**
 * ROUGE-L over a corpus (Lin 2004; coco-caption's variant with beta 1.2).
 *
 * @throws RangeError when the lists differ in length, are empty, or an image has no reference
 */
export function rougeL(
  hypotheses: readonly Tokens[],
  references: readonly (readonly Tokens[])[],
): RougeLResult {
  checkPairs('rougeL', hypotheses, references);
  const perImage = hypotheses.map((hypothesis, i) => sentenceRougeL(hypothesis, references[i]));
  return { rougeL: perImage.reduce((sum, value) => sum + value, 0) / perImage.length, perImage };
}
