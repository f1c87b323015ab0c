// The two kinds of tokenizer.json that `trainBpe` writes: GPT-2's and CLIP's, all but vocabulary and merges.
import { ALPHABET_ORDER, BYTE_TO_CHAR } from './byte-alphabet.ts';
import { cleanClipText } from './clean-clip-text.ts';
import { GPT2_WORDS, unicodeSpaces } from './exact-encoder-json.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

export interface BpeFlavour {
  /** appended to a word's last symbol */
  suffix: string;
  /** symbols before the first merge, in id order */
  alphabet: string[];
  /** tokens after the last merge, in id order */
  specials: string[];
  /** what the encoder does before splitting */
  normalize(text: string): string;
  /** matches the words that merges may not cross */
  words: RegExp;
  /** the file's parts other than vocabulary, merges and added tokens */
  file: Omit<TokenizerJson, 'model' | 'added_tokens'>;
}

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };
const symbols = ALPHABET_ORDER.map((byte) => BYTE_TO_CHAR[byte]);

const gpt2: BpeFlavour = {
  suffix: '',
  alphabet: symbols,
  specials: ['<|endoftext|>'],
  normalize: (text) => text,
  words: new RegExp(GPT2_WORDS, 'gu'),
  file: {
    version: '1.0',
    truncation: null,
    padding: null,
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: { ...byteLevel, trim_offsets: false },
    decoder: byteLevel,
  },
};

/** CLIP's pattern without its special tokens, which the encoder takes out first. */
const CLIP_WORDS = String.raw`'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`;

const clip: BpeFlavour = {
  suffix: '</w>',
  alphabet: [...symbols, ...symbols.map((symbol) => `${symbol}</w>`)],
  specials: ['<|startoftext|>', '<|endoftext|>'],
  normalize: (text) => cleanClipText(text).normalize('NFC'),
  words: new RegExp(unicodeSpaces(CLIP_WORDS), 'gu'),
  file: {
    version: '1.0',
    truncation: null,
    padding: null,
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: String.raw`\s+` }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: CLIP_WORDS }, behavior: 'Removed', invert: true },
        // The words are split already; this one only maps bytes to symbols.
        { ...byteLevel, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: byteLevel,
  },
};

export const BPE_FLAVOURS = { gpt2, clip };
