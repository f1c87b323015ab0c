// NIST: like BLEU's matched n-grams, but each counts by how much information it carries.
import { checkPairs, countKnownNGrams, countNGrams, type Tokens } from './n-grams.ts';

/** NIST looks at 1- to 5-grams. */
const orders = 5;
// Chosen by Doddington so that an output two thirds as long as its references keeps half its score.
const beta = -Math.log(0.5) / Math.log(1.5) ** 2;

/** What one image adds to the corpus score. */
export interface NistCounts {
  /** Bits of information in the matched n-grams, by order. */
  information: number[];
  /** n-grams of the hypothesis, by order. */
  guess: number[];
  /** Words in the hypothesis. */
  testLength: number;
  /** Mean number of words in its references. */
  referenceLength: number;
}

export interface NistResult {
  nist: number;
  perImage: number[];
  counts: NistCounts[];
}

/** The score that counts stand for. */
export function nistOf({ information, guess, testLength, referenceLength }: NistCounts): number {
  let sum = 0;
  for (let order = 0; order < orders; order++) {
    if (guess[order] > 0) sum += information[order] / guess[order];
  }
  if (sum === 0) return 0;
  return sum * Math.exp(-beta * Math.log(Math.min(1, testLength / referenceLength)) ** 2);
}

/** Sums of counts, each taken `times[i]` times (once by default). */
export function sumNistCounts(list: readonly NistCounts[], times?: ArrayLike<number>): NistCounts {
  const zeros = (): number[] => new Array<number>(orders).fill(0);
  const sum: NistCounts = { information: zeros(), guess: zeros(), testLength: 0, referenceLength: 0 };
  list.forEach((counts, i) => {
    const by = times ? times[i] : 1;
    if (by === 0) return;
    sum.testLength += by * counts.testLength;
    sum.referenceLength += by * counts.referenceLength;
    for (let order = 0; order < orders; order++) {
      sum.information[order] += by * counts.information[order];
      sum.guess[order] += by * counts.guess[order];
    }
  });
  return sum;
}

/**
 * NIST over a corpus (Doddington 2002) as mteval-v13a computes it: n-grams up to 5, information from the counts in all
 * references, length against the mean reference length. Unlike BLEU it has no upper bound.
 *
 * @param hypotheses one caption per image, in words as `mtevalTokenize` makes them
 * @throws RangeError when the lists differ in length, are empty, or an image has no reference
 */
export function nist(hypotheses: readonly Tokens[], references: readonly (readonly Tokens[])[]): NistResult {
  checkPairs('nist', hypotheses, references);
  // Only n-grams of some hypothesis can match, and each begins with n-grams of the same hypothesis.
  const counted = hypotheses.map((hypothesis) => countNGrams(hypothesis, orders));
  const known = Array.from({ length: orders }, () => new Set<string>());
  for (const byOrder of counted) {
    byOrder.forEach((counts, order) => {
      for (const key of counts.keys()) known[order].add(key);
    });
  }
  const inReferences = new Map<string, number>();
  let referenceWords = 0;
  const most = references.map((set) => {
    const ofImage = new Map<string, number>();
    for (const reference of set) {
      referenceWords += reference.length;
      for (const counts of countKnownNGrams(reference, known)) {
        for (const [key, count] of counts) {
          inReferences.set(key, (inReferences.get(key) ?? 0) + count);
          if (count > (ofImage.get(key) ?? 0)) ofImage.set(key, count);
        }
      }
    }
    return ofImage;
  });
  const information = (key: string, order: number): number => {
    const shorter =
      order === 0 ? referenceWords : (inReferences.get(key.slice(0, key.lastIndexOf(' '))) ?? 0);
    return Math.log2(shorter / (inReferences.get(key) ?? 1));
  };
  const counts = hypotheses.map((hypothesis, i): NistCounts => {
    const bits = counted[i].map((ofOrder, order) => {
      let sum = 0;
      for (const [key, count] of ofOrder) {
        const hits = Math.min(count, most[i].get(key) ?? 0);
        if (hits > 0) sum += hits * information(key, order);
      }
      return sum;
    });
    const words = references[i].reduce((sum, reference) => sum + reference.length, 0);
    return {
      information: bits,
      guess: Array.from({ length: orders }, (_, order) => Math.max(0, hypothesis.length - order)),
      testLength: hypothesis.length,
      referenceLength: words / references[i].length,
    };
  });
  return { nist: nistOf(sumNistCounts(counts)), perImage: counts.map(nistOf), counts };
}
