// Sampling: temperature → top-k → top-p → min-p → typical → one draw per step, from a seed. Penalties and other
// processors come before, see `processedSteps`.
import { Random } from '@foreword/nn';
import {
  assertFilters,
  nextTokenDistribution,
  type Distribution,
  type FilterOptions,
} from './next-token-distribution.ts';
import type { DecodeLimits, DecodeSteps, Decoding, LogitRows } from './steps.ts';
import { logitsOf, tokenByToken } from './token-by-token.ts';

export interface SampleOptions extends FilterOptions {
  seed: number;
  /**
   * Item i draws from the random numbers (seed, stream + i). An image alone gets the text it has in a batch
   * when its own place is given here. Default 0.
   */
  stream?: number;
  /** Texts drawn per item, in the order drawn; more of them keep those that fewer give. Default 1. */
  samples?: number;
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

/** @throws RangeError for options that make no sense. */
export function assertSampling({ seed, stream = 0, samples = 1, ...filters }: SampleOptions): void {
  assertFilters(filters);
  for (const [name, value] of Object.entries({ seed, stream })) {
    if (!Number.isInteger(value))
      throw new RangeError(`sampling: ${name} is ${value}; a whole number is needed`);
  }
  if (!Number.isInteger(samples) || samples < 1) {
    throw new RangeError(`sampling: samples is ${samples}; a whole number from 1 is needed`);
  }
}

/**
 * Draws every token at random. With several `samples`, `steps.step()` is called with items × samples rows.
 * @throws RangeError for options that make no sense, and for logits that are no numbers.
 */
export function sampleTokens(
  steps: DecodeSteps<LogitRows>,
  limits: DecodeLimits,
  options: SampleOptions,
): Decoding {
  assertSampling(options);
  const { seed, stream = 0, samples = 1 } = options;
  return tokenByToken(
    steps,
    limits,
    (answer, row, { item, sample, history }) =>
      drawToken(
        nextTokenDistribution(logitsOf(answer, row), options),
        new Random(seed, { step: sample, stream: stream + item }).double(history.length),
      ),
    { samples },
  );
}
