// METEOR 1.5 for English without its paraphrase table: exact words, Porter2 stems and, where given, synonyms.
import { alignWords, meteorModules, type MeteorSentence } from './meteor-align.ts';
import { functionWords } from './meteor-function-words.ts';
import { checkPairs, type Tokens } from './n-grams.ts';
import { porter2Stem } from './porter2-stem.ts';

/** What METEOR counts of one hypothesis and its best reference, or summed over a corpus. */
export interface MeteorCounts {
  hypothesisLength: number;
  referenceLength: number;
  /** Function words among them. */
  hypothesisFunction: number;
  referenceFunction: number;
  /**
   * Matched words by module (exact, stem, synonym): content words of the hypothesis, of the reference, function words
   * of the hypothesis, of the reference.
   */
  matches: [number, number, number, number][];
  /** Runs of matches contiguous in both; 0 for a pair that is one run from end to end. */
  chunks: number;
}

export interface MeteorResult {
  /** The score of the summed counts. */
  meteor: number;
  /** What the matching used; not comparable with another label. */
  label: MeteorLabel;
  /** Of each image, against its best reference. */
  perImage: number[];
  counts: MeteorCounts[];
}

export type MeteorLabel = 'METEOR (exact+stem)' | 'METEOR (no paraphrase)';

/** Keys of the meanings of a word, WordNet's synsets for example; [] for an unknown one. */
export type SensesOf = (word: string) => readonly string[];

// Tuned for ranking, English (Denkowski and Lavie 2014): α, β, γ, δ and the modules' weights.
const alpha = 0.85;
const beta = 0.2;
const gamma = 0.6;
const delta = 0.75;
const moduleWeights = [1, 0.6, 0.8];

/** The score that counts stand for; 0 when nothing matches. */
export function meteorOf(counts: MeteorCounts): number {
  let hypothesisHits = 0;
  let referenceHits = 0;
  let matchedWords = 0;
  counts.matches.forEach(([hypContent, refContent, hypFunction, refFunction], module) => {
    hypothesisHits += moduleWeights[module] * (delta * hypContent + (1 - delta) * hypFunction);
    referenceHits += moduleWeights[module] * (delta * refContent + (1 - delta) * refFunction);
    matchedWords += (hypContent + hypFunction + refContent + refFunction) / 2;
  });
  if (matchedWords === 0) return 0;
  const weigh = (words: number, functions: number): number =>
    delta * (words - functions) + (1 - delta) * functions;
  const precision = hypothesisHits / weigh(counts.hypothesisLength, counts.hypothesisFunction);
  const recall = referenceHits / weigh(counts.referenceLength, counts.referenceFunction);
  const mean = 1 / ((1 - alpha) / precision + alpha / recall);
  return mean * (1 - gamma * (counts.chunks / matchedWords) ** beta);
}

const countFunctionWords = (words: Tokens): number => words.filter((word) => functionWords.has(word)).length;

/** The counts of one hypothesis against one reference. */
function countsOf(hypothesis: MeteorSentence, reference: MeteorSentence): MeteorCounts {
  const aligned = alignWords(hypothesis, reference);
  const matches = meteorModules.map((): [number, number, number, number] => [0, 0, 0, 0]);
  for (const match of aligned.matches) {
    const ofModule = matches[match.module];
    ofModule[functionWords.has(hypothesis.words[match.hypothesis]) ? 2 : 0]++;
    ofModule[functionWords.has(reference.words[match.reference]) ? 3 : 1]++;
  }
  const matched = aligned.matches.length;
  const whole = matched === hypothesis.words.length && matched === reference.words.length;
  return {
    hypothesisLength: hypothesis.words.length,
    referenceLength: reference.words.length,
    hypothesisFunction: countFunctionWords(hypothesis.words),
    referenceFunction: countFunctionWords(reference.words),
    matches,
    chunks: whole && aligned.chunks === 1 ? 0 : aligned.chunks,
  };
}

/** Sums of counts, each taken `times[i]` times (once by default). */
export function sumMeteorCounts(list: readonly MeteorCounts[], times?: ArrayLike<number>): MeteorCounts {
  const sum: MeteorCounts = {
    hypothesisLength: 0,
    referenceLength: 0,
    hypothesisFunction: 0,
    referenceFunction: 0,
    matches: meteorModules.map(() => [0, 0, 0, 0]),
    chunks: 0,
  };
  list.forEach((counts, i) => {
    const by = times ? times[i] : 1;
    if (by === 0) return;
    sum.hypothesisLength += by * counts.hypothesisLength;
    sum.referenceLength += by * counts.referenceLength;
    sum.hypothesisFunction += by * counts.hypothesisFunction;
    sum.referenceFunction += by * counts.referenceFunction;
    sum.chunks += by * counts.chunks;
    counts.matches.forEach((ofModule, module) => {
      for (let k = 0; k < 4; k++) sum.matches[module][k] += by * ofModule[k];
    });
  });
  return sum;
}

/**
 * METEOR over a corpus (Denkowski and Lavie 2014; version 1.5, English, ranking parameters) without the paraphrase
 * table, which costs about 3 % of the score. With `sensesOf` synonyms match too, as with WordNet in the original; the
 * label says which it was.
 *
 * @param hypotheses one caption per image, in tokens as `tokenizeCaption` makes them
 * @throws RangeError when the lists differ in length, are empty, or an image has no reference
 */
export function meteor(
  hypotheses: readonly Tokens[],
  references: readonly (readonly Tokens[])[],
  { sensesOf }: { sensesOf?: SensesOf } = {},
): MeteorResult {
  checkPairs('meteor', hypotheses, references);
  const stems = new Map<string, string>();
  const senses = new Map<string, readonly string[]>();
  const read = (words: Tokens): MeteorSentence => ({
    words,
    stems: words.map((word) => remember(stems, word, porter2Stem)),
    senses: sensesOf && words.map((word) => remember(senses, word, sensesOf)),
  });
  const perImage: number[] = [];
  const counts = hypotheses.map((words, i) => {
    const hypothesis = read(words);
    let best: MeteorCounts | undefined;
    let bestScore = -1;
    for (const reference of references[i]) {
      const candidate = countsOf(hypothesis, read(reference));
      const score = meteorOf(candidate);
      if (score <= bestScore) continue;
      best = candidate;
      bestScore = score;
    }
    perImage.push(bestScore);
    return best as MeteorCounts; // checkPairs has seen a reference
  });
  return {
    meteor: meteorOf(sumMeteorCounts(counts)),
    label: sensesOf ? 'METEOR (no paraphrase)' : 'METEOR (exact+stem)',
    perImage,
    counts,
  };
}

function remember<T>(known: Map<string, T>, word: string, compute: (word: string) => T): T {
  let value = known.get(word);
  if (value === undefined) known.set(word, (value = compute(word)));
  return value;
}
