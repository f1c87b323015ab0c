// Prepares token rows for the text tower: where each text ends, and how many columns the batch needs.
import { ClipError } from './clip-error.ts';

export interface TextInputs {
  /** Ids [B, T], row-major. */
  tokens: Int32Array;
  /** For each text, the flat index in `tokens` of its end token. */
  ends: Int32Array;
  /** T: columns kept. */
  length: number;
}

export interface TextInputsOptions {
  /** T is rounded up to a multiple of this (at most `contextLength`), so that few plans serve all batches. Default 8. */
  multiple?: number;
}

/**
 * Cuts rows of `contextLength` ids after the longest text. A feature does not change thereby: attention is causal
 * and the feature is read at the end token, which is the largest id of its row (the first one, when padding
 * repeats it).
 * @throws ClipError when the ids do not fill whole rows
 * @example
 * const { tokens, ends, length } = textInputs(clipTokenize(tokenizer, texts), 77);
 */
export function textInputs(
  ids: Int32Array,
  contextLength: number,
  { multiple = 8 }: TextInputsOptions = {},
): TextInputs {
  const B = ids.length / contextLength;
  if (!Number.isInteger(B)) {
    throw new ClipError(
      `${ids.length} ids are no whole number of rows of ${contextLength}; tokenize with this context length`,
    );
  }
  const columns = new Int32Array(B);
  for (let b = 0; b < B; b++) {
    const row = ids.subarray(b * contextLength, (b + 1) * contextLength);
    for (let t = 1; t < contextLength; t++) if (row[t] > row[columns[b]]) columns[b] = t;
  }
  const longest = columns.reduce((a, b) => Math.max(a, b), 0) + 1;
  const length = Math.min(contextLength, Math.ceil(longest / multiple) * multiple);
  const tokens = new Int32Array(B * length);
  for (let b = 0; b < B; b++) {
    tokens.set(ids.subarray(b * contextLength, b * contextLength + length), b * length);
  }
  return { tokens, ends: columns.map((column, b) => b * length + column), length };
}
