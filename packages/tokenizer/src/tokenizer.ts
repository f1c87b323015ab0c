// The tokenizer: text to ids by a tokenizer.json, ids back to text, at once or as a stream.
import { Tokenizer as BpeEncoder } from '@huggingface/tokenizers';
import { exactEncoderJson } from './exact-encoder-json.ts';
import { readVocabulary, TokenizerFileError, type TokenizerJson, type Vocabulary } from './tokenizer-json.ts';
import { TokenStream, type TokenBytes, type TokenStreamOptions } from './token-stream.ts';

export interface EncodeOptions {
  /** apply the file's post-processor, for example CLIP's start and end tokens; default false */
  addSpecialTokens?: boolean;
}

export interface DecodeOptions extends TokenStreamOptions {
  /** remove spaces before punctuation and contractions as transformers' `decode` does by default; default false */
  cleanUpSpaces?: boolean;
}

// The library's own declarations do not resolve under Node's module rules, so what is used of it is said here.
interface Encoder {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
}

/**
 * Byte-level BPE of one `tokenizer.json`. Any string encodes; `decode(encode(text))` is `text` where the file normalises
 * nothing. Half a surrogate pair is no character and has no UTF-8: it encodes as U+FFFD, as `TextEncoder` has it
 * (Python's tokenizers refuse such strings).
 */
export class Tokenizer {
  /** largest id + 1, added tokens included */
  readonly vocabSize: number;
  /** the file it was loaded from, to be saved beside a model; do not change it */
  readonly json: TokenizerJson;
  readonly #vocabulary: Vocabulary;
  readonly #encoder: Encoder;

  /** Use `loadTokenizer`. */
  constructor(json: TokenizerJson, vocabulary: Vocabulary) {
    this.json = json;
    this.vocabSize = vocabulary.tokenOf.length;
    this.#vocabulary = vocabulary;
    this.#encoder = new BpeEncoder(exactEncoderJson(json), {}) as Encoder;
  }

  /**
   * Ids of `text`. Special tokens written in the text (`<|endoftext|>`) become their ids.
   * GPT-2 adds nothing around the text; for CLIP's start and end tokens see `addSpecialTokens` or `clipTokenize`.
   */
  encode(text: string, { addSpecialTokens = false }: EncodeOptions = {}): number[] {
    return this.#encoder.encode(text, { add_special_tokens: addSpecialTokens }).ids;
  }

  /**
   * Text of `ids`; bytes that form no UTF-8 become U+FFFD. CLIP's word ends become spaces, the last one included.
   * @throws {RangeError} for an id outside the vocabulary
   */
  decode(
    ids: Iterable<number>,
    { skipSpecialTokens = false, cleanUpSpaces = false }: DecodeOptions = {},
  ): string {
    const stream = this.stream({ skipSpecialTokens });
    const text = stream.push(ids) + stream.end();
    return cleanUpSpaces ? removeTokenizationSpaces(text) : text;
  }

  /** A decoder for ids that arrive one by one. */
  stream(options: TokenStreamOptions = {}): TokenStream {
    const { bytesOf, addedIds, specialIds } = this.#vocabulary;
    const bytes: TokenBytes = {
      bytes: (id) => {
        const found = bytesOf[id];
        if (found === undefined)
          throw new RangeError(`token id ${id} is outside the vocabulary (${this.vocabSize} ids)`);
        return found;
      },
      isAdded: (id) => addedIds.has(id),
      isSpecial: (id) => specialIds.has(id),
    };
    return new TokenStream(bytes, options);
  }

  /** Id of a token as the file spells it (`Ġdog`, `dog</w>`, `<|endoftext|>`). */
  tokenToId(token: string): number | undefined {
    return this.#vocabulary.idOf.get(token);
  }

  /** The file's spelling of a token. */
  idToToken(id: number): string | undefined {
    return this.#vocabulary.tokenOf[id];
  }
}

/**
 * Tokenizer of a parsed byte-level BPE `tokenizer.json` (GPT-2's, CLIP's, or one from `trainBpe`).
 * @param options.name name of the file, for messages
 * @throws {TokenizerFileError} when the file is malformed or of another kind
 */
export function loadTokenizer(json: unknown, { name = 'tokenizer.json' }: { name?: string } = {}): Tokenizer {
  const vocabulary = readVocabulary(json, name);
  try {
    return new Tokenizer(json as TokenizerJson, vocabulary);
  } catch (error) {
    // The parts that only the encoder reads (normalizer, pre-tokenizer, …) are checked by nobody but the encoder.
    throw new TokenizerFileError(
      `${name}: the encoder cannot use it: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

/** The spaces that transformers' `clean_up_tokenization_spaces` removes. */
function removeTokenizationSpaces(text: string): string {
  return text
    .replace(/ (?=[.?!,])/g, '')
    .replaceAll(" ' ", "'")
    .replace(/ (?=n't|'m|'s|'ve|'re)/g, '');
}
