// Finds which words of two sentences METEOR pairs: a beam search for most matches, then fewest chunks.
import type { Tokens } from './n-grams.ts';

/** How two words may match, in METEOR's order of modules. */
export const meteorModules = ['exact', 'stem', 'synonym'] as const;
export type MeteorModule = (typeof meteorModules)[number];

/** One sentence with what matching looks at. */
export interface MeteorSentence {
  words: Tokens;
  stems: Tokens;
  /** Keys of meaning of every word (WordNet's synsets); two words that share one are synonyms. */
  senses?: readonly (readonly string[])[];
}

/** A pair of matched words. */
export interface MeteorMatch {
  /** Position in the hypothesis. */
  hypothesis: number;
  /** Position in the reference. */
  reference: number;
  /** Index into {@link meteorModules}. */
  module: number;
}

/** Width of METEOR 1.5's beam. */
const beamWidth = 40;

/** The module by which two words match, or -1. */
function moduleOf(a: MeteorSentence, i: number, b: MeteorSentence, j: number): number {
  if (a.words[i] === b.words[j]) return 0;
  if (a.stems[i] === b.stems[j]) return 1;
  const senses = b.senses?.[j];
  return senses && a.senses?.[i].some((sense) => senses.includes(sense)) ? 2 : -1;
}

/** A hypothesis word's possible partners. */
interface Choice {
  references: number[];
  modules: number[];
  /** Whether leaving the word unmatched can help another one. */
  maySkip: boolean;
}

function choicesOf(hypothesis: MeteorSentence, reference: MeteorSentence): Choice[] {
  const choices = hypothesis.words.map((_, i): Choice => {
    const references: number[] = [];
    const modules: number[] = [];
    for (let j = 0; j < reference.words.length; j++) {
      const module = moduleOf(hypothesis, i, reference, j);
      if (module < 0) continue;
      references.push(j);
      modules.push(module);
    }
    return { references, modules, maySkip: false };
  });
  // A word needs no skipping where all words after the same partners find one each.
  for (const choice of choices) {
    const { references } = choice;
    const rivals = choices.filter((other) => other.references.some((j) => references.includes(j)));
    const alike = rivals.every(
      (other) =>
        other.references.length === references.length &&
        other.references.every((j, k) => j === references[k]),
    );
    choice.maySkip = !alike || rivals.length > references.length;
  }
  return choices;
}

/** A partial alignment of the words so far; earlier matches hang on `before`. */
interface Path {
  before: Path | undefined;
  hypothesis: number;
  reference: number;
  module: number;
  matches: number;
  chunks: number;
  distance: number;
}

const better = (a: Path, b: Path): number =>
  b.matches - a.matches || a.chunks - b.chunks || a.distance - b.distance;

function uses(path: Path | undefined, reference: number): boolean {
  for (let step = path; step; step = step.before) if (step.reference === reference) return true;
  return false;
}

function extend(path: Path, hypothesis: number, reference: number, module: number): Path {
  const continues =
    path.hypothesis === hypothesis - 1 && path.reference === reference - 1 && path.matches > 0;
  return {
    before: path,
    hypothesis,
    reference,
    module,
    matches: path.matches + 1,
    chunks: path.chunks + (continues ? 0 : 1),
    distance: path.distance + Math.abs(hypothesis - reference),
  };
}

/**
 * The alignment of two sentences in which every word is matched at most once: the most matches, among those the
 * fewest chunks (runs contiguous in both), among those the smallest sum of distances between positions (Denkowski and
 * Lavie 2011, section 2.1).
 *
 * @returns the matches by position in the hypothesis, and the number of chunks
 */
export function alignWords(
  hypothesis: MeteorSentence,
  reference: MeteorSentence,
): { matches: MeteorMatch[]; chunks: number } {
  let beam: Path[] = [
    { before: undefined, hypothesis: -2, reference: -2, module: -1, matches: 0, chunks: 0, distance: 0 },
  ];
  for (const [i, { references, modules, maySkip }] of choicesOf(hypothesis, reference).entries()) {
    if (references.length === 0) continue;
    const next: Path[] = [];
    for (const path of beam) {
      for (let k = 0; k < references.length; k++) {
        if (!uses(path, references[k])) next.push(extend(path, i, references[k], modules[k]));
      }
      if (maySkip) next.push(path);
    }
    if (next.length > beamWidth) next.sort(better).length = beamWidth;
    beam = next;
  }
  let best = beam[0];
  for (const path of beam) if (better(path, best) < 0) best = path;
  const matches: MeteorMatch[] = [];
  for (let step: Path | undefined = best; step && step.matches > 0; step = step.before) {
    matches.push({ hypothesis: step.hypothesis, reference: step.reference, module: step.module });
  }
  return { matches: matches.reverse(), chunks: best.chunks };
}
