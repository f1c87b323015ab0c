// From logits to the tokens that may be drawn: temperature, then top-k, then top-p.

export interface FilterOptions {
  /** Logits are divided by it; 0 leaves only the likeliest token. */
  temperature?: number;
  /** Keeps this many of the likeliest tokens. */
  topK?: number;
  /** Keeps the likeliest tokens up to and including the one whose addition brings their mass over p (Holtzman et al. 2020, §3.1). */
  topP?: number;
}

/** Tokens with a chance and their probabilities, which sum to 1. */
export interface Distribution {
  ids: Uint32Array | readonly number[];
  probabilities: Float64Array;
}

/** @throws RangeError for values that make no sense. */
export function assertFilters({ temperature = 1, topK, topP }: FilterOptions): void {
  if (!(temperature >= 0 && temperature < Infinity)) {
    throw new RangeError(`sampling: temperature is ${temperature}; a number from 0 is needed`);
  }
  if (topK !== undefined && !(Number.isInteger(topK) && topK > 0)) {
    throw new RangeError(`sampling: topK is ${topK}; a whole number from 1 is needed`);
  }
  if (topP !== undefined && !(topP > 0 && topP <= 1)) {
    throw new RangeError(`sampling: topP is ${topP}; a number above 0 and at most 1 is needed`);
  }
}

function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return best;
}

/**
 * The distribution of the next token.
 * @throws RangeError when the logits are no numbers.
 */
export function nextTokenDistribution(logits: Float32Array, options: FilterOptions): Distribution {
  const { temperature = 1, topK = Infinity, topP = 1 } = options;
  const best = likeliest(logits);
  if (!Number.isFinite(logits[best])) {
    throw new RangeError(
      `sampling: the largest next-token logit is ${logits[best]}; the model's weights or its prefix are broken`,
    );
  }
  if (temperature === 0 || topK === 1) return { ids: [best], probabilities: Float64Array.of(1) };
  const weights = new Float64Array(logits.length);
  for (let i = 0; i < logits.length; i++) weights[i] = Math.exp((logits[i] - logits[best]) / temperature);
  if (topK >= logits.length && topP === 1) {
    return { ids: Uint32Array.from(weights.keys()), probabilities: normalised(weights) };
  }
  const nucleusOfAll = topK >= logits.length;
  const order = nucleusOfAll ? nucleusCandidates(weights, topP) : likeliestFirst(weights).slice(0, topK);
  const head = order.map((id) => weights[id]);
  const threshold = topP * sumOf(nucleusOfAll ? weights : head);
  let kept = 0;
  for (let mass = 0; kept < head.length && mass <= threshold; kept++) mass += head[kept];
  return { ids: order.slice(0, kept), probabilities: normalised(head.slice(0, kept)) };
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
function likeliestFirst(weights: Float64Array, floor = 0): number[] {
  const ids: number[] = [];
  for (let i = 0; i < weights.length; i++) if (weights[i] >= floor) ids.push(i);
  return ids.sort((a, b) => weights[b] - weights[a] || a - b);
}

/** All tokens a nucleus can hold. Those below the floor have less than 1 − p together: the nucleus is full before them. */
const nucleusCandidates = (weights: Float64Array, topP: number): number[] =>
  likeliestFirst(weights, (sumOf(weights) * (1 - topP)) / weights.length);
