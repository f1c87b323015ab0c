// Contrastive search (Su et al. 2022, "A Contrastive Framework for Neural Text Generation"): of the k likeliest
// tokens the one that is likely and whose hidden state is unlike those before it. With a guide it is MAGIC (Su et al.
// 2022, "Language Models Can See"): texts that fit an image win.
//
// Legend: K candidates per item, C size of a hidden state.
import {
  assertLimits,
  scoresOf,
  type DecodeLimits,
  type DecodeSteps,
  type Decoding,
  type Hypothesis,
  type ScoreTexts,
  type StateRows,
  type TopTokens,
} from './steps.ts';

export interface ContrastiveOptions {
  /** k: how many of the likeliest tokens are tried at each step. */
  candidates: number;
  /** Weight of being unlike what is there, from 0 to 1; the probability has 1 − alpha. Default 0.6. */
  alpha?: number;
  guide?: {
    /** Scores the text so far with each candidate behind it; an item's scores go through a softmax. */
    score: ScoreTexts;
    /** β: what the softmax is multiplied by. */
    weight: number;
  };
}

/** @throws RangeError for options that make no sense. */
export function assertContrastive({ candidates, alpha = 0.6, guide }: ContrastiveOptions): void {
  if (!Number.isInteger(candidates) || candidates < 1) {
    throw new RangeError(`contrastive search: ${candidates} candidates; a whole number from 1 is needed`);
  }
  if (!(alpha >= 0 && alpha <= 1)) {
    throw new RangeError(`contrastive search: alpha is ${alpha}; a number from 0 to 1 is needed`);
  }
  if (guide && !(guide.weight >= 0 && guide.weight < Infinity)) {
    throw new RangeError(
      `contrastive search: the guide's weight is ${guide.weight}; a number from 0 is needed`,
    );
  }
}

interface Candidate {
  id: number;
  probability: number;
  /** Row of the step's answer. */
  row: number;
}

interface Item {
  text: Hypothesis;
  /** Hidden states of length 1 of all rows so far, the prefix's included. */
  states: Float32Array[];
  /** Row of the last answer that continues the text. */
  row: number;
  candidates: Candidate[];
}

/**
 * One text per item. `steps.begin()` answers for one row per item, `steps.step()` is called with items × candidates
 * rows, and once for each token: a candidate's hidden state is known only after reading it.
 * @throws RangeError for options that make no sense.
 */
export async function* contrastiveSearch(
  steps: DecodeSteps<TopTokens & StateRows>,
  limits: DecodeLimits,
  options: ContrastiveOptions,
): Decoding {
  assertLimits(limits);
  assertContrastive(options);
  const { items: N, stop, maxTokens, signal } = limits;
  const K = options.candidates;
  signal?.throwIfAborted();
  let answer = await steps.begin();
  const P = answer.states.length / answer.stateSize / (answer.ids.length / answer.count);
  const items: Item[] = Array.from({ length: N }, (_, row) => ({
    text: { ids: [], isStopped: false },
    states: Array.from({ length: P }, (__, p) => unitState(answer, row * P + p)),
    row,
    candidates: [],
  }));
  const ids = new Uint32Array(N * K);
  const parents = new Uint32Array(N * K);
  for (let index = 0; ; index++) {
    for (const [n, item] of items.entries()) {
      if (!item.text.isStopped) item.candidates = candidatesOf(answer, item.row, n * K);
      for (let k = 0; k < K; k++) {
        // Fewer candidates than places (a tiny vocabulary, forbidden tokens): the first one fills up.
        ids[n * K + k] = (item.candidates[k] ?? item.candidates[0]).id;
        parents[n * K + k] = index === 0 ? n * K : item.row;
      }
    }
    signal?.throwIfAborted();
    answer = await steps.step(ids, parents);
    const live = items.filter(({ text }) => !text.isStopped);
    const guidance = await guided(items, live, options);
    signal?.throwIfAborted();
    for (const [n, item] of items.entries()) {
      if (item.text.isStopped) continue;
      const { candidate, state } = choose(item, answer, options, guidance.get(item));
      item.text.ids.push(candidate.id);
      item.text.isStopped = stop.includes(candidate.id);
      item.states.push(state);
      item.row = candidate.row;
      yield { item: n, id: candidate.id, index };
    }
    if (index + 1 === maxTokens || items.every(({ text }) => text.isStopped)) {
      return items.map(({ text }) => [text]);
    }
  }
}

/** The tokens that row `row` may be followed by; they will be read in the rows from `firstRow`. */
function candidatesOf({ count, ids, logProbs }: TopTokens, row: number, firstRow: number): Candidate[] {
  const found: Candidate[] = [];
  for (let n = row * count; n < (row + 1) * count; n++) {
    // Forbidden by a processor.
    if (logProbs[n] === -Infinity) continue;
    found.push({ id: ids[n], probability: Math.exp(logProbs[n]), row: firstRow + found.length });
  }
  if (found.length === 0) {
    throw new RangeError(
      'contrastive search: every token is forbidden; the bad words or noRepeatNgram leave none, relax them',
    );
  }
  return found;
}

/** β · softmax of the guide's scores for every candidate of the live items; nothing without a guide. */
async function guided(
  items: readonly Item[],
  live: readonly Item[],
  { guide }: ContrastiveOptions,
): Promise<Map<Item, number[]>> {
  const found = new Map<Item, number[]>();
  if (!guide) return found;
  const texts = live.flatMap((item) =>
    item.candidates.map(({ id }) => ({ item: items.indexOf(item), ids: [...item.text.ids, id] })),
  );
  const scores = await scoresOf(guide.score, texts);
  let from = 0;
  for (const item of live) {
    const own = Array.from(item.candidates, (_, k) => scores[from + k]);
    from += own.length;
    const top = Math.max(...own);
    const weights = own.map((score) => Math.exp(score - top));
    const total = weights.reduce((a, b) => a + b, 0);
    found.set(
      item,
      weights.map((weight) => (guide.weight * weight) / total),
    );
  }
  return found;
}

function choose(
  { candidates, states }: Item,
  answer: StateRows,
  { alpha = 0.6 }: ContrastiveOptions,
  guidance?: readonly number[],
): { candidate: Candidate; state: Float32Array } {
  let best: { candidate: Candidate; state: Float32Array } | undefined;
  let bestScore = -Infinity;
  for (const [k, candidate] of candidates.entries()) {
    const state = unitState(answer, candidate.row);
    const alike = Math.max(...states.map((earlier) => dot(state, earlier)));
    const score = (1 - alpha) * candidate.probability - alpha * alike + (guidance?.[k] ?? 0);
    if (best && !(score > bestScore)) continue;
    best = { candidate, state };
    bestScore = score;
  }
  return best!;
}

/** One hidden state [C], divided by its length. */
function unitState({ states, stateSize: C }: StateRows, row: number): Float32Array {
  const state = states.slice(row * C, (row + 1) * C);
  const norm = Math.sqrt(dot(state, state)) || 1;
  return state.map((x) => x / norm);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
