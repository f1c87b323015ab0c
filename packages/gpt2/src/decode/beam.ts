// Beam search over an abstract language model, batched over items.
//
// Two ways to treat a finished hypothesis. 'compete' is ClipCap's `generate_beam`: it keeps its place in the
// beam and competes by score with the growing ones. 'apart' is the ordinary search: it leaves the beam, and
// its place goes to the next best.
import { assertLengthRule, lengthDivisor, type LengthRule } from './length-rule.ts';
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
}

/** ClipCap's search: 5 beams ranked by average log-probability, finished ones compete. */
export const clipCapBeam: BeamOptions = { beams: 5, length: 'average', finished: 'compete' };

/** How many of the likeliest tokens per row make the search exact. */
export const beamCandidates = ({ beams, finished }: BeamOptions, stop: readonly number[]): number =>
  finished === 'compete' ? beams : beams + stop.length;

interface Beam {
  ids: readonly number[];
  /** Σ log p. */
  sum: number;
  score: number;
  isStopped: boolean;
  /** Place within the item's rows. */
  row: number;
}

interface Item {
  beams: Beam[];
  /** Hypotheses that left the beam ('apart' only), best first. */
  finished: Beam[];
  /** Tokens told to the listener so far. */
  told: number;
  isDone: boolean;
}

const byScore = (a: Beam, b: Beam): number => b.score - a.score;

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
  assertLengthRule(options.length);
  const { items, signal, maxTokens } = limits;
  const K = options.beams;
  if (!Number.isInteger(K) || K < 1) throw new RangeError(`beam search: ${K} beams; at least 1 is needed`);
  const start: Beam = { ids: [], sum: 0, score: 0, isStopped: false, row: 0 };
  const states: Item[] = Array.from({ length: items }, () => ({
    beams: [start],
    finished: [],
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
      const grown = extend(state.beams, top, item * rowsPerItem, { limits, options });
      if (options.finished === 'compete') keepBest(state, grown, K);
      else setFinishedApart(state, grown, { limits, options });
      state.isDone ||= length === maxTokens;
      yield* settledTokens(state, item);
    }
    if (states.every((state) => state.isDone)) return states.map((state) => ranked(state, K));
    for (const [item, { beams }] of states.entries()) {
      for (let k = 0; k < K; k++) {
        // A beam with fewer hypotheses than places (a tiny vocabulary) fills up with idle rows.
        const beam = beams.at(k) ?? beams.at(0) ?? start;
        ids[item * K + k] = beam.ids.at(-1) ?? 0;
        parents[item * K + k] = item * K + beam.row;
      }
    }
    for (const { beams } of states) beams.forEach((beam, row) => (beam.row = row));
    signal?.throwIfAborted();
    top = await steps.step(ids, parents);
  }
}

interface Rules {
  limits: DecodeLimits;
  options: BeamOptions;
}

/** All successors of an item's hypotheses, best first; a stopped one succeeds itself at log-probability 0. */
function extend(
  beams: readonly Beam[],
  top: TopTokens,
  firstRow: number,
  { limits, options }: Rules,
): Beam[] {
  const grown: Beam[] = [];
  for (const beam of beams) {
    if (beam.isStopped) {
      grown.push(beam);
      continue;
    }
    const at = (firstRow + beam.row) * top.count;
    const divisor = lengthDivisor(options.length, beam.ids.length + 1);
    for (let n = at; n < at + top.count; n++) {
      const id = top.ids[n];
      const sum = beam.sum + top.logProbs[n];
      grown.push({
        ids: [...beam.ids, id],
        sum,
        score: sum / divisor,
        isStopped: limits.stop.includes(id),
        row: beam.row,
      });
    }
  }
  return grown.sort(byScore);
}

function keepBest(state: Item, grown: readonly Beam[], K: number): void {
  // Copies, because a stopped beam stands in the old list and in the new one under different rows.
  state.beams = grown.slice(0, K).map((beam) => ({ ...beam }));
  state.isDone = state.beams.every((beam) => beam.isStopped);
}

function setFinishedApart(state: Item, grown: readonly Beam[], { limits, options }: Rules): void {
  const K = options.beams;
  state.beams = [];
  for (const [rank, beam] of grown.entries()) {
    // A stop token counts only where it would have won a place, as in the ordinary search.
    if (beam.isStopped) {
      if (rank < K) state.finished.push(beam);
    } else if (state.beams.length < K) state.beams.push(beam);
  }
  state.finished = state.finished.sort(byScore).slice(0, K);
  // Log-probabilities only fall, so at best a hypothesis reaches the longest length with the sum it has.
  const best =
    Math.max(...state.beams.map((beam) => beam.sum)) / lengthDivisor(options.length, limits.maxTokens);
  state.isDone =
    state.beams.length === 0 || (state.finished.length === K && state.finished[K - 1].score >= best);
}

function ranked(state: Item, K: number): Hypothesis[] {
  const all = [...state.finished, ...state.beams].sort(byScore).slice(0, K);
  return all.map(({ ids, isStopped, score }) => ({ ids: [...ids], isStopped, score }));
}

/** Tokens on which every hypothesis still in play agrees; once an item is done, the best one's. */
function* settledTokens(state: Item, item: number): Generator<TokenEvent> {
  const [first, ...others] = [...state.finished, ...state.beams].sort(byScore);
  for (let index = state.told; index < first.ids.length; index++) {
    const id = first.ids[index];
    if (!state.isDone && others.some((beam) => beam.ids[index] !== id)) return;
    state.told = index + 1;
    yield { item, id, index };
  }
}
