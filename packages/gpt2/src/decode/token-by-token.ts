// The loop of greedy decoding and of sampling: one row per item, one token per step.
import {
  assertLimits,
  type DecodeLimits,
  type DecodeSteps,
  type Decoding,
  type Hypothesis,
} from './steps.ts';

/** Picks the next token of `row` from the model's answer. */
export type ChooseToken<R> = (answer: R, row: number, history: readonly number[]) => number;

/**
 * Extends every item until its stop token or the length limit. Items that ended run along unread, so each
 * item's tokens are those it would get alone.
 */
export async function* tokenByToken<R>(
  steps: DecodeSteps<R>,
  limits: DecodeLimits,
  choose: ChooseToken<R>,
): Decoding {
  assertLimits(limits);
  const { items, stop, maxTokens, signal } = limits;
  const texts: Hypothesis[] = Array.from({ length: items }, () => ({ ids: [], isStopped: false }));
  const next = new Uint32Array(items);
  signal?.throwIfAborted();
  let answer = await steps.begin();
  for (let index = 0; ; index++) {
    for (const [item, text] of texts.entries()) {
      if (text.isStopped) continue;
      const id = choose(answer, item, text.ids);
      text.ids.push(id);
      text.isStopped = stop.includes(id);
      next[item] = id;
      yield { item, id, index };
    }
    if (index + 1 === maxTokens || texts.every((text) => text.isStopped)) return texts.map((text) => [text]);
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
