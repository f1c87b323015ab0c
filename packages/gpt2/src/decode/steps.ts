// What every decoding method needs of a language model, and what it gives back. Nothing here knows a GPU.
//
// Legend: an item is one prefix (an image); a row is one sequence being extended; V vocabulary.

/** A language model that has read its prefixes and is extended token by token; R is what it answers. */
export interface DecodeSteps<R> {
  /** Reads the prefixes. The answer has one row per item. */
  begin(): Promise<R>;
  /**
   * Appends one token to every row. Row r first takes over the past of row `parents[r]`; without parents each
   * row continues itself.
   */
  step(ids: Uint32Array, parents?: Uint32Array): Promise<R>;
}

/** The likeliest next tokens of each row: `count` per row, best first. */
export interface TopTokens {
  count: number;
  ids: Uint32Array;
  /** Natural logarithms of the probabilities. */
  logProbs: Float32Array;
}

/** Next-token logits of each row, [rows, V]. */
export interface LogitRows {
  vocabSize: number;
  values: Float32Array;
}

/** Hidden states of the rows that were read, as they leave ln_f. */
export interface StateRows {
  /** [rows, S, C]: S is the prefix's length after `begin`, 1 after `step`. */
  states: Float32Array;
  /** C. */
  stateSize: number;
}

export interface DecodeLimits {
  /** How many prefixes there are. */
  items: number;
  /** Tokens that end a text; they are kept in it. */
  stop: readonly number[];
  /** Most tokens per text, the stop token included. */
  maxTokens: number;
  signal?: AbortSignal;
}

/** A token that is now certain to be in an item's text. */
export interface TokenEvent {
  item: number;
  id: number;
  /** Its place in the text, from 0. */
  index: number;
}

export interface Hypothesis {
  /** Generated tokens, the stop token included. */
  ids: number[];
  /** True when it ended with a stop token, false when the length limit cut it. */
  isStopped: boolean;
  /** What a beam search or a reranking ranked it by. */
  score?: number;
}

/** A text, or the beginning of one. */
export interface CandidateText {
  item: number;
  ids: readonly number[];
}

/** Judges texts from outside the language model, all of a step at once: one number per text, larger is better. */
export type ScoreTexts = (texts: readonly CandidateText[]) => ArrayLike<number> | Promise<ArrayLike<number>>;

/** Yields tokens as they become certain; returns each item's hypotheses, best first. */
export type Decoding = AsyncGenerator<TokenEvent, Hypothesis[][], void>;

/**
 * The scores of `texts`.
 * @throws RangeError when there are not as many as texts, or one is no number.
 */
export async function scoresOf(
  score: ScoreTexts,
  texts: readonly CandidateText[],
): Promise<ArrayLike<number>> {
  const scores = await score(texts);
  if (scores.length !== texts.length) {
    throw new RangeError(
      `decoding: ${texts.length} texts were to be scored, but ${scores.length} scores came`,
    );
  }
  const wrong = Array.from(scores).findIndex((value) => Number.isNaN(value));
  if (wrong >= 0)
    throw new RangeError(`decoding: the score of text ${wrong} (${texts[wrong].ids.join(' ')}) is NaN`);
  return scores;
}

/** @throws RangeError for limits that make no sense. */
export function assertLimits({ items, maxTokens }: DecodeLimits): void {
  if (!Number.isInteger(items) || items < 1)
    throw new RangeError(`decoding: ${items} items; at least 1 is needed`);
  if (!Number.isInteger(maxTokens) || maxTokens < 1) {
    throw new RangeError(`decoding: maxTokens is ${maxTokens}; a whole number from 1 is needed`);
  }
}
