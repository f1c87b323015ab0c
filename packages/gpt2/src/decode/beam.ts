// Beam search over an abstract language model, batched over items.
//
// Two ways to treat a finished hypothesis. 'compete' is ClipCap's `generate_beam`: it keeps its place in the
// beam and competes by score with the growing ones. 'apart' is the ordinary search: it leaves the beam, and
// its place goes to the next best.
//
// Diverse beam search (Vijayakumar et al. 2018, alg. 1, Hamming diversity): the beam is cut into groups, and at each
// step a group pays for every token that the groups before it took. The penalty counts in that choice only; scores
// are the model's.
import { byScore, growGroup, type Beam, type BeamGroup, type GroupRules } from './beam-group.ts';
import { assertLengthRule, type LengthRule } from './length-rule.ts';
import {
  assertLimits,
  type DecodeLimits,
  type DecodeSteps,
  type Decoding,
  type Hypothesis,
  type TokenEvent,
  type TopTokens,
} from './steps.ts';

export interface BeamOptions {
  /** Hypotheses kept per item. */
  beams: number;
  length: LengthRule;
  finished: 'compete' | 'apart';
  /** Groups of beams / groups hypotheses that are to differ. Default 1: plain beam search. */
  groups?: number;
  /** λ: what a token costs per hypothesis of earlier groups that took it at the same step. Default 0.5. */
  diversityPenalty?: number;
}

/** ClipCap's search: 5 beams ranked by average log-probability, finished ones compete. */
export const clipCapBeam: BeamOptions = { beams: 5, length: 'average', finished: 'compete' };

/**
 * How many of the likeliest tokens per row make the search exact. With groups, a group looks past the tokens that
 * others took: size + (beams − size).
 */
export const beamCandidates = ({ beams, finished }: BeamOptions, stop: readonly number[]): number =>
  finished === 'compete' ? beams : beams + stop.length;

/** @throws RangeError for options that make no sense. */
export function assertBeams({ beams, length, groups = 1, diversityPenalty = 0 }: BeamOptions): void {
  assertLengthRule(length);
  if (!Number.isInteger(beams) || beams < 1)
    throw new RangeError(`beam search: ${beams} beams; a whole number from 1 is needed`);
  if (!Number.isInteger(groups) || groups < 1 || beams % groups !== 0) {
    throw new RangeError(
      `beam search: ${beams} beams in ${groups} groups; as many in each are needed, so beams a multiple of groups`,
    );
  }
  if (!(diversityPenalty >= 0 && diversityPenalty < Infinity)) {
    throw new RangeError(
      `beam search: diversityPenalty is ${diversityPenalty}; a number from 0 is needed (0: groups do not differ)`,
    );
  }
}

interface Item {
  groups: BeamGroup[];
  /** Tokens told to the listener so far. */
  told: number;
  isDone: boolean;
}

/**
 * The `beams` best hypotheses per item. `steps.begin()` answers for one row per item, `steps.step()` is called
 * with items × beams rows. A token is yielded as soon as all hypotheses of its item agree on it.
 * @throws RangeError for options that make no sense.
 */
export async function* beamSearch(
  steps: DecodeSteps<TopTokens>,
  limits: DecodeLimits,
  options: BeamOptions,
): Decoding {
  assertLimits(limits);
  assertBeams(options);
  const { items, signal, maxTokens, stop } = limits;
  const { beams: K, groups: G = 1, diversityPenalty = 0.5, length: rule, finished } = options;
  const rules: GroupRules = { size: K / G, length: rule, finished, stop, maxTokens, diversityPenalty };
  const start: Beam = { ids: [], sum: 0, score: 0, isStopped: false, row: 0 };
  const states: Item[] = Array.from({ length: items }, () => ({
    groups: Array.from({ length: G }, () => ({ beams: [start], finished: [], isDone: false })),
    told: 0,
    isDone: false,
  }));
  const ids = new Uint32Array(items * K);
  const parents = new Uint32Array(items * K);
  signal?.throwIfAborted();
  let top = await steps.begin();
  for (let length = 1; ; length++) {
    const rowsPerItem = length === 1 ? 1 : K;
    for (const [item, state] of states.entries()) {
      if (state.isDone) continue;
      growItem(state, top, { firstRow: item * rowsPerItem, length, rules });
      state.isDone = length === maxTokens || state.groups.every((group) => group.isDone);
      yield* settledTokens(state, item);
    }
    if (states.every((state) => state.isDone)) return states.map((state) => ranked(state, K));
    for (const [item, { groups }] of states.entries()) {
      const beams = groups.flatMap((group) => group.beams);
      for (let k = 0; k < K; k++) {
        // A beam with fewer hypotheses than places (a tiny vocabulary) fills up with idle rows.
        const beam = beams.at(k) ?? beams.at(0) ?? start;
        ids[item * K + k] = beam.ids.at(-1) ?? 0;
        parents[item * K + k] = item * K + beam.row;
      }
      beams.forEach((beam, row) => (beam.row = row));
    }
    signal?.throwIfAborted();
    top = await steps.step(ids, parents);
  }
}

/** Grows the item's groups in their order by the token at place `length` − 1. */
function growItem(
  { groups }: Item,
  top: TopTokens,
  { firstRow, length, rules }: { firstRow: number; length: number; rules: GroupRules },
): void {
  const taken = new Map<number, number>();
  for (const group of groups) {
    if (group.isDone) continue;
    growGroup(group, top, { firstRow, taken, rules });
    for (const { ids } of [...group.beams, ...group.finished]) {
      // Shorter ones stopped earlier: they took nothing at this step.
      if (ids.length === length) taken.set(ids[length - 1], (taken.get(ids[length - 1]) ?? 0) + 1);
    }
  }
}

/** All hypotheses of an item, best first. */
const hypotheses = ({ groups }: Item): Beam[] =>
  groups.flatMap(({ finished, beams }) => [...finished, ...beams]).sort(byScore);

const ranked = (state: Item, K: number): Hypothesis[] =>
  hypotheses(state)
    .slice(0, K)
    .map(({ ids, isStopped, score }) => ({ ids: [...ids], isStopped, score }));

/** Tokens on which every hypothesis still in play agrees; once an item is done, the best one's. */
function* settledTokens(state: Item, item: number): Generator<TokenEvent> {
  const [first, ...others] = hypotheses(state);
  for (let index = state.told; index < first.ids.length; index++) {
    const id = first.ids[index];
    if (!state.isDone && others.some((beam) => beam.ids[index] !== id)) return;
    state.told = index + 1;
    yield { item, id, index };
  }
}
