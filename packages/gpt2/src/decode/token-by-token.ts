// The loop of greedy decoding and of sampling: every sequence grows by one token per step, on its own.
import { likeliestToken } from './next-token-distribution.ts';
import {
  assertLimits,
  type DecodeLimits,
  type DecodeSteps,
  type Decoding,
  type Hypothesis,
  type LogitRows,
} from './steps.ts';

/** One of the sequences grown from an item. */
export interface Sequence {
  item: number;
  /** Its place among the item's sequences. */
  sample: number;
  history: readonly number[];
}

/** Picks the next token of a sequence from row `row` of the model's answer. */
export type ChooseToken<R> = (answer: R, row: number, sequence: Sequence) => number;

/**
 * Extends every sequence until its stop token or the length limit; `samples` of them per item. Those that ended run
 * along unread, so each item's tokens are those it would get alone. The tokens of an item's first sequence are told.
 */
export async function* tokenByToken<R>(
  steps: DecodeSteps<R>,
  limits: DecodeLimits,
  choose: ChooseToken<R>,
  { samples = 1 }: { samples?: number } = {},
): Decoding {
  assertLimits(limits);
  const { items, stop, maxTokens, signal } = limits;
  const texts: Hypothesis[] = Array.from({ length: items * samples }, () => ({ ids: [], isStopped: false }));
  const next = new Uint32Array(items * samples);
  signal?.throwIfAborted();
  let answer = await steps.begin();
  for (let index = 0; ; index++) {
    for (const [place, text] of texts.entries()) {
      if (text.isStopped) continue;
      const item = Math.floor(place / samples);
      const sample = place % samples;
      // The prefix is answered with one row per item.
      const id = choose(answer, index === 0 ? item : place, { item, sample, history: text.ids });
      text.ids.push(id);
      text.isStopped = stop.includes(id);
      next[place] = id;
      if (sample === 0) yield { item, id, index };
    }
    if (index + 1 === maxTokens || texts.every((text) => text.isStopped)) {
      return Array.from({ length: items }, (_, item) => texts.slice(item * samples, (item + 1) * samples));
    }
    signal?.throwIfAborted();
    answer = await steps.step(next);
  }
}

/**
 * The likeliest token at each step. ClipCap's `generate2` ("top-p") is this too: it takes the likeliest token
 * of the nucleus, which for every p is the likeliest of all.
 */
export const greedySearch = (steps: DecodeSteps<Uint32Array>, limits: DecodeLimits): Decoding =>
  tokenByToken(steps, limits, (ids, row) => ids[row]);

/** The same over logits, for when they came to the host anyway. */
export const greedySearchOfLogits = (steps: DecodeSteps<LogitRows>, limits: DecodeLimits): Decoding =>
  tokenByToken(steps, limits, (answer, row) => likeliestToken(logitsOf(answer, row)));

/** Logits [V] of one row. */
export const logitsOf = ({ vocabSize: V, values }: LogitRows, row: number): Float32Array =>
  values.subarray(row * V, (row + 1) * V);
