// Best of several: the hypotheses of a decoding in the order of a score from outside the language model.
import { drain } from './drain.ts';
import { scoresOf, type Decoding, type ScoreTexts } from './steps.ts';

/** The same hypotheses, the one with the largest score first. Nothing is certain, and told, before all are there. */
export async function* rerank(decoding: Decoding, score: ScoreTexts, signal?: AbortSignal): Decoding {
  const found = await drain(decoding);
  signal?.throwIfAborted();
  const texts = found.flatMap((hypotheses, item) => hypotheses.map(({ ids }) => ({ item, ids })));
  const scores = await scoresOf(score, texts);
  signal?.throwIfAborted();
  let place = 0;
  const ranked = found.map((hypotheses) =>
    hypotheses
      .map((hypothesis) => ({ ...hypothesis, score: scores[place++] }))
      .sort((a, b) => b.score - a.score),
  );
  for (const [item, [best]] of ranked.entries()) {
    for (const [index, id] of best.ids.entries()) yield { item, id, index };
  }
  return ranked;
}

/** How good `candidate` would be if `reference` were right; larger is better. */
export type TextUtility = (candidate: readonly number[], reference: readonly number[]) => number;

/** Harmonic mean of precision and recall of the tokens, each counted as often as both have it. */
export const tokenOverlapF1: TextUtility = (candidate, reference) => {
  const left = new Map<number, number>();
  for (const id of reference) left.set(id, (left.get(id) ?? 0) + 1);
  let shared = 0;
  for (const id of candidate) {
    const count = left.get(id) ?? 0;
    if (count > 0) shared++;
    left.set(id, count - 1);
  }
  return (2 * shared) / (candidate.length + reference.length);
};

/**
 * Minimum Bayes risk (Eikema & Aziz 2020): a text's score is its mean utility against the item's other texts,
 * which stand for what the model would say. A text without others has 0.
 */
export function minimumBayesRisk(utility: TextUtility = tokenOverlapF1): ScoreTexts {
  return (texts) =>
    texts.map((text, place) => {
      const others = texts.filter((other, i) => i !== place && other.item === text.item);
      const sum = others.reduce((total, other) => total + utility(text.ids, other.ids), 0);
      return others.length === 0 ? 0 : sum / others.length;
    });
}
