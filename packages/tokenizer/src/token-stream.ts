// Turns token ids into text as they arrive, holding back bytes of unfinished UTF-8 characters.

export interface TokenStreamOptions {
  /** leave tokens such as `<|endoftext|>` out of the text; default false */
  skipSpecialTokens?: boolean;
}

/** What the stream must know of a vocabulary. */
export interface TokenBytes {
  bytes(id: number): Uint8Array;
  isAdded(id: number): boolean;
  isSpecial(id: number): boolean;
}

/**
 * Incremental decoder. The pieces from `push` and the last one from `end` joined are exactly `decode` of all ids.
 *
 * ```ts
 * const stream = tokenizer.stream();
 * for (const id of ids) process.stdout.write(stream.push(id));
 * process.stdout.write(stream.end());
 * ```
 */
export class TokenStream {
  readonly #vocabulary: TokenBytes;
  readonly #skipSpecialTokens: boolean;
  // ignoreBOM: a BOM is an ordinary character here; the default would drop it at the start.
  readonly #utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(vocabulary: TokenBytes, { skipSpecialTokens = false }: TokenStreamOptions = {}) {
    this.#vocabulary = vocabulary;
    this.#skipSpecialTokens = skipSpecialTokens;
  }

  /**
   * Text that the id (or ids) complete; '' while a character is unfinished.
   * @throws {RangeError} for an id outside the vocabulary
   */
  push(ids: number | Iterable<number>): string {
    let text = '';
    for (const id of typeof ids === 'number' ? [ids] : ids) {
      const bytes = this.#vocabulary.bytes(id);
      if (this.#skipSpecialTokens && this.#vocabulary.isSpecial(id)) continue;
      if (this.#vocabulary.isAdded(id)) {
        // An added token is no continuation of a character: what was pending is broken.
        text += this.#utf8.decode() + new TextDecoder().decode(bytes);
      } else {
        text += this.#utf8.decode(bytes, { stream: true });
      }
    }
    return text;
  }

  /** Text still pending: U+FFFD for an unfinished character, else ''. The stream can be used anew afterwards. */
  end(): string {
    return this.#utf8.decode();
  }
}
