// CLIP's `tokenize`: texts to a padded [N, T] block of ids with start and end tokens.
import { cleanClipText } from './clean-clip-text.ts';
import type { Tokenizer } from './tokenizer.ts';

export const CLIP_START = '<|startoftext|>';
export const CLIP_END = '<|endoftext|>';

export interface ClipTokenizeOptions {
  /** T; default 77 */
  contextLength?: number;
  /** cut long texts, the last kept id becoming the end token, instead of refusing them; default false */
  truncate?: boolean;
  /** id after the end token; default 0 as OpenAI's code (Hugging Face's pads with the end token) */
  padId?: number;
}

/**
 * Ids of `texts` for CLIP's text tower: each row is start token, the cleaned text's ids, end token, padding.
 * The same ids as OpenAI's `clip.tokenize`; the end token has the largest id, by which the tower finds it.
 * @returns N·T ids, row-major [N, T]
 * @throws {RangeError} when a text does not fit and `truncate` is false
 * @example
 * clipTokenize(tokenizer, ['a diagram', 'a dog'], { contextLength: 8 });
 */
export function clipTokenize(
  tokenizer: Tokenizer,
  texts: readonly string[],
  { contextLength = 77, truncate = false, padId = 0 }: ClipTokenizeOptions = {},
): Int32Array {
  if (!Number.isInteger(contextLength) || contextLength < 2) {
    throw new RangeError(
      `clipTokenize: contextLength is ${contextLength}; it must hold at least the start and the end token`,
    );
  }
  const start = tokenizer.tokenToId(CLIP_START);
  const end = tokenizer.tokenToId(CLIP_END);
  if (start === undefined || end === undefined) {
    throw new Error(
      `clipTokenize: this is no CLIP tokenizer: it lacks ${start === undefined ? CLIP_START : CLIP_END}`,
    );
  }
  const block = new Int32Array(texts.length * contextLength).fill(padId);
  texts.forEach((text, row) => {
    const ids = [start, ...tokenizer.encode(cleanClipText(text)), end];
    if (ids.length > contextLength) {
      if (!truncate) {
        throw new RangeError(
          `clipTokenize: text ${row} has ${ids.length} tokens with start and end, but the context holds ${contextLength}; ` +
            `shorten it or pass truncate: true (text: ${JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)})`,
        );
      }
      ids.length = contextLength;
      ids[contextLength - 1] = end;
    }
    block.set(ids, row * contextLength);
  });
  return block; // [N, T]
}
