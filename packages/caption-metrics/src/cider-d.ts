// CIDEr as coco-caption reports it, which is CIDEr-D without stemming: clipped tf-idf similarity of n-grams.
import { checkPairs, countNGrams, maxOrder, type Tokens } from './n-grams.ts';

/** In how many images' reference sets each n-gram occurs, and of how many images. */
export interface DocumentFrequencies {
  /** n-gram (words joined by one space) → number of images whose references hold it. */
  frequency: ReadonlyMap<string, number>;
  /** Number of images counted; coco-caption's `coco-val-df` has 40,504. */
  imageCount: number;
}

export interface CiderDResult {
  /** Mean over images; ranges over 0..10. */
  ciderD: number;
  perImage: number[];
}

// Width, in words, of the Gaussian that punishes a difference in length.
const sigma = 6;

/** n-gram counts of a caption by order, as `countNGrams` gives them. */
type Counts = Map<string, number>[];

/** Counts document frequencies over reference sets: an n-gram counts once per image, however many references hold it. */
export function documentFrequencies(references: readonly (readonly Tokens[])[]): DocumentFrequencies {
  return frequenciesOf(countSets(references));
}

function countSets(references: readonly (readonly Tokens[])[]): Counts[][] {
  return references.map((set) => set.map((reference) => countNGrams(reference)));
}

function frequenciesOf(sets: readonly Counts[][]): DocumentFrequencies {
  const frequency = new Map<string, number>();
  for (const set of sets) {
    const seen = new Set<string>();
    for (const reference of set) {
      for (const counts of reference) for (const key of counts.keys()) seen.add(key);
    }
    for (const key of seen) frequency.set(key, (frequency.get(key) ?? 0) + 1);
  }
  return { frequency, imageCount: sets.length };
}

/** tf-idf weights of a caption by order, their norms, and its number of bigrams. */
interface Weighted {
  weights: Map<string, number>[];
  norms: number[];
  bigrams: number;
}

/** Replaces a caption's counts by weights, in place: a large corpus is not held twice. */
function weigh(counts: Counts, { frequency, imageCount }: DocumentFrequencies): Weighted {
  const logImages = Math.log(imageCount);
  let bigrams = 0;
  const norms = counts.map((ofOrder, order) => {
    let squares = 0;
    for (const [key, count] of ofOrder) {
      if (order === 1) bigrams += count;
      const weight = count * (logImages - Math.log(Math.max(1, frequency.get(key) ?? 0)));
      ofOrder.set(key, weight);
      squares += weight * weight;
    }
    return Math.sqrt(squares);
  });
  return { weights: counts, norms, bigrams };
}

function similarity(hypothesis: Weighted, reference: Weighted): number {
  let sum = 0;
  for (let order = 0; order < maxOrder; order++) {
    let overlap = 0;
    const other = reference.weights[order];
    for (const [key, weight] of hypothesis.weights[order]) {
      const theirs = other.get(key);
      if (theirs !== undefined) overlap += Math.min(weight, theirs) * theirs;
    }
    const norm = hypothesis.norms[order] * reference.norms[order];
    sum += norm === 0 ? overlap : overlap / norm;
  }
  // The published code takes the difference of bigram counts for the difference in length.
  const difference = hypothesis.bigrams - reference.bigrams;
  return (sum / maxOrder) * Math.exp(-(difference ** 2) / (2 * sigma ** 2));
}

/**
 * CIDEr-D over a corpus (Vedantam et al. 2015; coco-caption's constants, no stemming).
 *
 * Document frequencies come from the given references unless `documentFrequencies` is passed; say which in a report.
 * With its own references, a corpus of one image scores 0, because every weight is ln(1) = 0.
 *
 * @throws RangeError when the lists differ in length, are empty, or an image has no reference
 */
export function ciderD(
  hypotheses: readonly Tokens[],
  references: readonly (readonly Tokens[])[],
  options: { documentFrequencies?: DocumentFrequencies } = {},
): CiderDResult {
  checkPairs('ciderD', hypotheses, references);
  const sets = countSets(references);
  const table = options.documentFrequencies ?? frequenciesOf(sets);
  const perImage = hypotheses.map((hypothesis, i) => {
    const weighed = weigh(countNGrams(hypothesis), table);
    const total = sets[i].reduce((sum, counts) => sum + similarity(weighed, weigh(counts, table)), 0);
    return (10 * total) / references[i].length;
  });
  return { ciderD: perImage.reduce((sum, value) => sum + value, 0) / perImage.length, perImage };
}
