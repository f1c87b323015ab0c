// From logits to the tokens that may be drawn: temperature, then top-k, top-p, min-p and typical sampling. Each
// filter sees what the one before it left, as transformers' warpers do.

import { largestValues } from './largest-values.ts';

export interface FilterOptions {
  /** Logits are divided by it; 0 leaves only the likeliest token. */
  temperature?: number;
  /** Keeps this many of the likeliest tokens (Fan et al. 2018). */
  topK?: number;
  /** Keeps the likeliest tokens up to and including the one whose addition brings their mass over p (Holtzman et al. 2020, §3.1). */
  topP?: number;
  /** Keeps tokens at least this share as likely as the likeliest (Nguyen et al. 2024). */
  minP?: number;
  /**
   * Keeps the tokens whose surprise −log p is nearest to the entropy, up to and including the one with which they
   * have this mass (Meister et al. 2023, locally typical sampling).
   */
  typicalP?: number;
}

/** Tokens with a chance and their probabilities, which sum to 1. */
export interface Distribution {
  ids: Uint32Array | readonly number[];
  probabilities: Float64Array;
}

/** @throws RangeError for values that make no sense. */
export function assertFilters({ temperature = 1, topK, topP, minP, typicalP }: FilterOptions): void {
  if (!(temperature >= 0 && temperature < Infinity)) {
    throw new RangeError(`sampling: temperature is ${temperature}; a number from 0 is needed`);
  }
  if (topK !== undefined && !(Number.isInteger(topK) && topK > 0)) {
    throw new RangeError(`sampling: topK is ${topK}; a whole number from 1 is needed`);
  }
  for (const [name, share] of Object.entries({ topP, typicalP })) {
    if (share !== undefined && !(share > 0 && share <= 1)) {
      throw new RangeError(`sampling: ${name} is ${share}; a number above 0 and at most 1 is needed`);
    }
  }
  if (minP !== undefined && !(minP >= 0 && minP <= 1)) {
    throw new RangeError(`sampling: minP is ${minP}; a number from 0 to 1 is needed`);
  }
}

/**
 * The id of the largest logit; of equal ones the first.
 * @throws RangeError when the logits are no numbers, or processors left none.
 */
export function likeliestToken(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  if (logits[best] === -Infinity) {
    throw new RangeError(
      'decoding: every token is forbidden; the bad words or noRepeatNgram leave none, relax them',
    );
  }
  if (!Number.isFinite(logits[best])) {
    throw new RangeError(
      `decoding: the largest next-token logit is ${logits[best]}; the model's weights or its prefix are broken`,
    );
  }
  return best;
}

/**
 * The distribution of the next token.
 * @throws RangeError when the logits are no numbers.
 */
export function nextTokenDistribution(logits: Float32Array, options: FilterOptions): Distribution {
  const { temperature = 1, topK = Infinity, topP = 1, minP = 0, typicalP = 1 } = options;
  const best = likeliestToken(logits);
  if (temperature === 0 || topK === 1) return { ids: [best], probabilities: Float64Array.of(1) };
  // The likeliest token weighs 1.
  const weights = new Float64Array(logits.length);
  for (let i = 0; i < logits.length; i++) weights[i] = Math.exp((logits[i] - logits[best]) / temperature);
  if (topK >= logits.length && topP === 1 && minP === 0 && typicalP === 1) {
    return { ids: Uint32Array.from(weights.keys()), probabilities: normalised(weights) };
  }
  let ids: number[];
  if (topK < logits.length) ids = nucleus(largestValues(weights, topK), weights, topP);
  else if (topP < 1) ids = nucleus(nucleusCandidates(weights, topP), weights, topP, sumOf(weights));
  else ids = [...weights.keys()];
  if (minP > 0) ids = ids.filter((id) => weights[id] >= minP);
  if (typicalP < 1) ids = typicalSet(ids, weights, typicalP);
  return { ids, probabilities: normalised(ids.map((id) => weights[id])) };
}

function sumOf(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

function normalised(weights: ArrayLike<number>): Float64Array {
  const total = sumOf(weights);
  return Float64Array.from(weights, (w) => w / total);
}

/** Token ids of at least `floor` weight by falling weight; ties by id. */
function likeliestFirst(weights: Float64Array, floor: number): number[] {
  const ids: number[] = [];
  for (let i = 0; i < weights.length; i++) if (weights[i] >= floor) ids.push(i);
  return ids.sort((a, b) => weights[b] - weights[a] || a - b);
}

/** All tokens a nucleus can hold. Those below the floor have less than 1 − p together: the nucleus is full before them. */
const nucleusCandidates = (weights: Float64Array, topP: number): number[] =>
  likeliestFirst(weights, (sumOf(weights) * (1 - topP)) / weights.length);

/** The head of `ids`, which fall in weight, with which their mass comes over `topP` of `total` (by default their own). */
function nucleus(ids: readonly number[], weights: Float64Array, topP: number, total?: number): number[] {
  const threshold = topP * (total ?? sumOf(ids.map((id) => weights[id])));
  let kept = 0;
  for (let mass = 0; kept < ids.length && mass <= threshold; kept++) mass += weights[ids[kept]];
  return ids.slice(0, kept);
}

/** The tokens of `ids` nearest to their entropy, of equally near ones the likelier, until they have the mass τ. */
function typicalSet(ids: readonly number[], weights: Float64Array, tau: number): number[] {
  const possible = ids.filter((id) => weights[id] > 0);
  const wanted = tau * sumOf(possible.map((id) => weights[id]));
  const distances = distancesToEntropy(possible, weights);
  // Only those within a radius that holds enough mass need an order.
  let near: number[] = [];
  for (let radius = 0.25; near.length < possible.length; radius *= 2) {
    near = possible.filter((id) => distances[id] <= radius);
    if (sumOf(near.map((id) => weights[id])) >= wanted) break;
  }
  near.sort((a, b) => distances[a] - distances[b] || weights[b] - weights[a] || a - b);
  let kept = 0;
  for (let mass = 0; kept < near.length && mass < wanted; kept++) mass += weights[near[kept]];
  return near.slice(0, kept);
}

/** |−log p − H| of each of `ids`, at its place in an array over the vocabulary. */
function distancesToEntropy(ids: readonly number[], weights: Float64Array): Float64Array {
  const total = sumOf(ids.map((id) => weights[id]));
  const surprise = new Float64Array(weights.length);
  let entropy = 0;
  for (const id of ids) {
    // Not the logarithm of the quotient: the weight may be so small that it overflows.
    surprise[id] = Math.log(total) - Math.log(weights[id]);
    entropy += (weights[id] / total) * surprise[id];
  }
  return surprise.map((own) => Math.abs(own - entropy));
}
