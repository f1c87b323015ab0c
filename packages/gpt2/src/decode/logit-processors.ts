// Rules for the next token that depend on the tokens generated so far: one list, the same for every method.
import { forbidBadWords, forbidEarlyStop, forbidRepeatedNgrams } from './forbidden-tokens.ts';
import { applyPenalties, assertPenalties, changesLogits, type PenaltyOptions } from './penalties.ts';

/** Changes the next-token logits [V] of one sequence in place; −∞ forbids a token. `history` is the text so far. */
export type LogitProcessor = (logits: Float32Array, history: readonly number[]) => void;

/** All of them see generated tokens only: a prefix of embeddings has no tokens. */
export interface ProcessorOptions extends PenaltyOptions {
  /** No run of this many tokens comes twice in a text (Paulus et al. 2018, §2.5). */
  noRepeatNgram?: number;
  /** Fewest tokens of a text, the stop token included. */
  minTokens?: number;
  /** Token sequences that must not occur; one token long, the token is forbidden everywhere. */
  badWords?: readonly (readonly number[])[];
  /** Further rules, applied after the others. */
  processors?: readonly LogitProcessor[];
}

export interface ProcessorContext {
  stop: readonly number[];
  maxTokens: number;
  /** V; left out, ids of bad words are not checked against it. */
  vocabSize?: number;
}

/**
 * The rules that `options` ask for, in the order they apply: penalties, then what is forbidden, then the caller's
 * own. Empty when nothing is asked for: logits can then stay on the GPU.
 * @throws RangeError for options that make no sense.
 */
export function logitProcessors(options: ProcessorOptions, context: ProcessorContext): LogitProcessor[] {
  assertProcessors(options, context);
  const { noRepeatNgram: n, minTokens = 0, badWords = [], processors = [] } = options;
  const list: LogitProcessor[] = [];
  if (changesLogits(options)) list.push((logits, history) => applyPenalties(logits, history, options));
  if (n !== undefined) list.push((logits, history) => forbidRepeatedNgrams(logits, history, n));
  if (badWords.length > 0) list.push((logits, history) => forbidBadWords(logits, history, badWords));
  if (minTokens > 1 && context.stop.length > 0) {
    list.push((logits, history) => forbidEarlyStop(logits, history, { minTokens, stop: context.stop }));
  }
  return [...list, ...processors];
}

function assertProcessors(
  options: ProcessorOptions,
  { maxTokens, vocabSize = Infinity }: ProcessorContext,
): void {
  assertPenalties(options);
  const { noRepeatNgram: n, minTokens = 0, badWords = [] } = options;
  if (n !== undefined && !(Number.isInteger(n) && n > 0)) {
    throw new RangeError(`decoding: noRepeatNgram is ${n}; a whole number from 1 is needed`);
  }
  if (!Number.isInteger(minTokens) || minTokens < 0 || minTokens > maxTokens) {
    throw new RangeError(
      `decoding: minTokens is ${minTokens}; a whole number from 0 to maxTokens, ${maxTokens}, is needed`,
    );
  }
  badWords.forEach((word, i) => {
    if (word.length === 0) throw new RangeError(`decoding: bad word ${i} has no tokens; leave it out`);
    const wrong = word.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
    if (wrong !== undefined) {
      throw new RangeError(
        `decoding: bad word ${i} has the token ${wrong}; ids are whole numbers from 0 below ${vocabSize}`,
      );
    }
  });
}
