// The part of Hugging Face's tokenizer.json that byte-level BPE needs, and the checks a file must pass.
import { BYTE_TO_CHAR, fromByteAlphabet } from './byte-alphabet.ts';

export interface AddedTokenJson {
  id: number;
  content: string;
  special?: boolean;
  single_word?: boolean;
  lstrip?: boolean;
  rstrip?: boolean;
  normalized?: boolean;
}

/** A byte-level BPE `tokenizer.json`. Parts that only the encoder reads are left opaque. */
export interface TokenizerJson {
  version?: string;
  truncation?: unknown;
  padding?: unknown;
  added_tokens?: AddedTokenJson[];
  normalizer?: unknown;
  pre_tokenizer?: unknown;
  post_processor?: unknown;
  decoder?: unknown;
  model: {
    type?: string;
    vocab: Record<string, number>;
    /** Each merge as "left right" or [left, right]. */
    merges: (string | [string, string])[];
    unk_token?: string | null;
    end_of_word_suffix?: string | null;
    [option: string]: unknown;
  };
}

/** A tokenizer.json that cannot be used; the message names the field and what to do about it. */
export class TokenizerFileError extends Error {
  override name = 'TokenizerFileError';
}

/** Vocabulary facts read while checking. */
export interface Vocabulary {
  /** token string → id, added tokens included */
  idOf: Map<string, number>;
  /** id → token string; ids that no token has are missing */
  tokenOf: (string | undefined)[];
  /** id → bytes; for word-final tokens the suffix is already a space; added tokens as plain UTF-8 */
  bytesOf: (Uint8Array | undefined)[];
  /** ids of added tokens: they stand for themselves, not for bytes of a word */
  addedIds: Set<number>;
  /** ids marked special */
  specialIds: Set<number>;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < 2 ** 31;
}

/**
 * Checks a parsed tokenizer.json and returns its vocabulary.
 * @throws {TokenizerFileError} when it is not byte-level BPE, or when a token, merge or added token is malformed
 */
export function readVocabulary(json: unknown, name = 'tokenizer.json'): Vocabulary {
  const fail = (cause: string): never => {
    throw new TokenizerFileError(`${name}: ${cause}`);
  };
  if (!isRecord(json))
    return fail(
      `expected a JSON object, got ${json === null ? 'null' : Array.isArray(json) ? 'an array' : typeof json}`,
    );
  const model = json.model;
  if (!isRecord(model))
    return fail(
      '"model" is missing; expected the tokenizer.json of a byte-level BPE model (not vocab.json or tokenizer_config.json)',
    );
  // Files of tokenizers < 0.10 carry no type; vocab + merges then means BPE.
  if (model.type !== undefined && model.type !== 'BPE')
    return fail(`model.type is ${JSON.stringify(model.type)}; only byte-level "BPE" is supported`);
  if (!isRecord(model.vocab)) return fail('model.vocab must be an object of token → id');
  if (!Array.isArray(model.merges)) return fail('model.merges must be an array');
  if (!mentionsByteLevel(json.pre_tokenizer))
    return fail('no ByteLevel pre-tokenizer; only byte-level BPE (GPT-2, CLIP) is supported');
  const suffix = model.end_of_word_suffix ?? '';
  if (typeof suffix !== 'string') return fail('model.end_of_word_suffix must be a string');

  const vocabulary: Vocabulary = {
    idOf: new Map(),
    tokenOf: [],
    bytesOf: [],
    addedIds: new Set(),
    specialIds: new Set(),
  };
  const { idOf, tokenOf, bytesOf } = vocabulary;
  readAddedTokens(json.added_tokens ?? [], vocabulary, fail);

  for (const [token, id] of Object.entries(model.vocab)) {
    if (!isId(id))
      return fail(`model.vocab[${JSON.stringify(token)}] is ${JSON.stringify(id)}, not a token id`);
    const added = vocabulary.addedIds.has(id);
    if (tokenOf[id] !== undefined && !(added && tokenOf[id] === token)) {
      return fail(`id ${id} is given to both ${JSON.stringify(tokenOf[id])} and ${JSON.stringify(token)}`);
    }
    if (added) continue;
    if (idOf.has(token))
      return fail(
        `added token ${JSON.stringify(token)} has id ${idOf.get(token)}, but model.vocab says ${id}`,
      );
    idOf.set(token, id);
    tokenOf[id] = token;
    const wordFinal = suffix !== '' && token.endsWith(suffix);
    const bytes = fromByteAlphabet(wordFinal ? token.slice(0, -suffix.length) : token);
    if (!(bytes instanceof Uint8Array)) {
      return fail(
        `token ${JSON.stringify(token)} (id ${id}) has the character ${JSON.stringify(bytes.stranger)}, which is no byte symbol; only byte-level BPE is supported`,
      );
    }
    bytesOf[id] = wordFinal ? Uint8Array.of(...bytes, 0x20) : bytes;
  }
  checkMerges(model.merges, idOf, fail);
  checkAlphabet(idOf, { suffix, unk: model.unk_token, fail });
  return vocabulary;
}

type Fail = (cause: string) => never;

function mentionsByteLevel(preTokenizer: unknown): boolean {
  if (!isRecord(preTokenizer)) return false;
  if (preTokenizer.type === 'ByteLevel') return true;
  return Array.isArray(preTokenizer.pretokenizers) && preTokenizer.pretokenizers.some(mentionsByteLevel);
}

function readAddedTokens(added: unknown, vocabulary: Vocabulary, fail: Fail): void {
  if (!Array.isArray(added)) return fail('added_tokens must be an array');
  const utf8 = new TextEncoder();
  added.forEach((token: unknown, i) => {
    if (!isRecord(token) || typeof token.content !== 'string' || token.content === '' || !isId(token.id)) {
      return fail(`added_tokens[${i}] needs a non-empty "content" string and an "id"`);
    }
    if (vocabulary.tokenOf[token.id] !== undefined || vocabulary.idOf.has(token.content)) {
      return fail(`added_tokens[${i}] repeats ${JSON.stringify(token.content)} or the id ${token.id}`);
    }
    vocabulary.idOf.set(token.content, token.id);
    vocabulary.tokenOf[token.id] = token.content;
    vocabulary.bytesOf[token.id] = utf8.encode(token.content);
    vocabulary.addedIds.add(token.id);
    if (token.special === true) vocabulary.specialIds.add(token.id);
  });
}

function checkMerges(merges: unknown[], idOf: Map<string, number>, fail: Fail): void {
  merges.forEach((merge, i) => {
    const parts = typeof merge === 'string' ? merge.split(' ') : merge;
    if (
      !Array.isArray(parts) ||
      parts.length !== 2 ||
      parts.some((part) => typeof part !== 'string' || part === '')
    ) {
      return fail(
        `model.merges[${i}] is ${JSON.stringify(merge)}; expected "left right" or ["left", "right"]`,
      );
    }
    for (const token of [parts[0], parts[1], parts[0] + parts[1]]) {
      if (!idOf.has(token))
        return fail(
          `model.merges[${i}] (${parts.join(' + ')}) needs the token ${JSON.stringify(token)}, which model.vocab lacks`,
        );
    }
  });
}

/** Without all byte symbols (or an unknown token) some texts would silently lose characters. */
function checkAlphabet(
  idOf: Map<string, number>,
  { suffix, unk, fail }: { suffix: string; unk: unknown; fail: Fail },
): void {
  if (typeof unk === 'string' && idOf.has(unk)) return;
  for (const ending of suffix === '' ? [''] : ['', suffix]) {
    const missing = BYTE_TO_CHAR.findIndex((char) => !idOf.has(char + ending));
    if (missing >= 0) {
      fail(
        `model.vocab lacks the symbol ${JSON.stringify(BYTE_TO_CHAR[missing] + ending)} of byte ${missing} and there is no unk_token: such text could not be encoded`,
      );
    }
  }
}
