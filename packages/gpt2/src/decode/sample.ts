// Sampling: penalties → temperature → top-k → top-p → one draw per step, from a seed.
import { randomUniform } from '../counter-random.ts';
import {
  assertFilters,
  nextTokenDistribution,
  type Distribution,
  type FilterOptions,
} from './next-token-distribution.ts';
import { applyPenalties, assertPenalties, type PenaltyOptions } from './penalties.ts';
import type { DecodeLimits, DecodeSteps, Decoding, LogitRows } from './steps.ts';
import { tokenByToken } from './token-by-token.ts';

export interface SampleOptions extends FilterOptions, PenaltyOptions {
  seed: number;
  /**
   * Item i draws from the random numbers (seed, stream + i). An image alone gets the text it has in a batch
   * when its own place is given here. Default 0.
   */
  stream?: number;
}

/** The token at `u` ∈ [0, 1) of the cumulative distribution. */
export function drawToken({ ids, probabilities }: Distribution, u: number): number {
  let mass = 0;
  let last = 0;
  for (let i = 0; i < ids.length; i++) {
    mass += probabilities[i];
    if (u < mass) return ids[i];
    if (probabilities[i] > 0) last = i;
  }
  // The sum can fall short of 1 by rounding.
  return ids[last];
}

/**
 * Draws every token at random.
 * @throws RangeError for options that make no sense, and for logits that are no numbers.
 */
export function sampleTokens(
  steps: DecodeSteps<LogitRows>,
  limits: DecodeLimits,
  options: SampleOptions,
): Decoding {
  assertFilters(options);
  assertPenalties(options);
  const { seed, stream = 0 } = options;
  if (!Number.isInteger(seed)) throw new RangeError(`sampling: seed is ${seed}; a whole number is needed`);
  return tokenByToken(steps, limits, ({ vocabSize, values }, row, history) => {
    const logits = values.slice(row * vocabSize, (row + 1) * vocabSize);
    applyPenalties(logits, history, options);
    return drawToken(
      nextTokenDistribution(logits, options),
      randomUniform(seed, stream + row, history.length),
    );
  });
}
