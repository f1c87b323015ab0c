// Excerpts of GPT-2's and CLIP's merge files (OpenAI, MIT): the merges that these texts use, with their ranks,
// so that the true ids can be tested without the vocabularies.
import { ALPHABET_ORDER, BYTE_TO_CHAR } from '../src/byte-alphabet.ts';
import type { TokenizerJson } from '../src/index.ts';

const GPT2_MERGES = `
  0 Ġ t, 1 Ġ a, 3 i n, 4 r e, 5 o n, 8 Ġ s, 13 Ġ c, 16 a n, 17 o r, 22 in g, 23 Ġ p, 24 o u, 27 a r,
  29 Ġ m, 32 Ġ d, 37 l e, 49 r o, 56 i d, 57 o t, 63 Ġ on, 67 a y, 68 a d, 74 a c, 79 l d, 82 ' s, 87 i r,
  118 Ġ r, 133 Ġa re, 191 â Ģ, 195 e ar, 202 Ġp l, 210 Ġd o, 214 ' t, 302 ac e, 326 Ġm an, 343 Ġs p,
  372 Ċ Ċ, 430 Ġ ro, 455 Ġpl ay, 471 o ld, 647 b le, 692 c y, 770 I t, 1019 Ġc a, 1221 s h, 1685 y ear,
  1999 Ġd ou, 2009 ir t, 2016 Ġsp ace, 2113 Ġm ot, 2119 c le, 2274 id ing, 2378 Ã ©, 2456 Ġplay ing,
  2719 Ġro ad, 2972 ! !, 3034 Ġdo g, 3332 Ġare n, 4018 Ġdou ble, 4824 T w, 5328 Ġmot or, 6588 Ġdog s,
  7315 Tw o, 10055 Ġr iding, 13391 Ġd irt, 13440 cy cle, 15344 sh irt, 18501 Ġmotor cycle, 19689 Ġca f,
  40048 Ġcaf Ã©`;

const CLIP_MERGES = `
  0 i n, 3 r e, 5 e r, 7 in g</w>, 10 s t, 11 o r, 13 o n</w>, 14 a l, 19 t o</w>, 20 r o, 23 i c,
  24 a t</w>, 30 e s</w>, 31 i l, 34 a c, 38 a n</w>, 40 s h, 41 r i, 43 t i, 46 ð Ł, 47 r a, 49 d e,
  50 o l, 56 ' s</w>, 58 d i, 60 l a, 67 l e</w>, 70 i r, 73 i t</w>, 76 s p, 78 t s</w>, 90 a g, 93 s u,
  94 h o, 105 m o, 113 a r</w>, 127 d o, 158 m u, 168 a d</w>, 181 y e, 190 a f, 191 p er, 201 ' t</w>,
  216 â Ģ, 236 ! !</w>, 274 m an</w>, 284 d ing</w>, 304 p ho, 323 al i, 329 p la, 348 st i, 384 ol d</w>,
  389 p ic, 398 y ing</w>, 423 ye ar</w>, 425 t or, 454 t w, 466 s m, 477 il e</w>, 564 a re,
  613 pho to</w>, 725 tw o</w>, 833 g s</w>, 958 c y, 966 ðŁ Ļ, 1049 sti c</w>, 1107 p le</w>,
  1117 pla ying</w>, 1130 su per, 1247 ro ad</w>, 1387 mu l, 1417 do g</w>, 1444 sh ir, 1493 âĢ Ķ</w>,
  1495 ra m</w>, 1564 il i, 1856 c at</w>, 1935 ag ram</w>, 2011 shir t</w>, 2025 c le</w>, 2345 c ali,
  2743 do gs</w>, 2856 f ra, 2959 c af, 2978 sm ile</w>, 3435 mul ti, 3463 mo tor, 3654 Ã ©</w>, 3739 di r,
  3806 are n</w>, 4560 cy cle</w>, 5213 ac es</w>, 5268 m l</w>, 5958 multi ple</w>, 6253 ri ding</w>,
  8494 sp aces</w>, 9785 motor cycle</w>, 10611 h t, 10795 de pic, 11283 dir t</w>, 12581 fra g,
  14348 ðŁĻ Ĥ</w>, 14562 ì Ħ, 14792 caf Ã©</w>, 15559 ì ķ, 17719 ht ml</w>, 22185 di agram</w>,
  28828 depic ts</w>, 35704 ê ³`;

/** Texts and their ids in the full GPT-2 vocabulary. */
export const GPT2_IDS: readonly (readonly [string, string])[] = [
  ['A man riding a motorcycle on a dirt road.', '32 582 10311 257 18757 319 257 13647 2975 13'],
  ['a dog', '64 3290'],
  ['A dog', '32 3290'],
  [' a', '257'],
  ['.', '13'],
  ['!', '0'],
  ['\n', '198'],
  ['\n\n', '628'],
  ["Two dogs aren't playing!!", '7571 6844 3588 470 2712 3228'],
  ['It’s a café', '1026 447 247 82 257 40304'],
  ['안녕', '168 243 230 167 227 243'],
  ["3-year-old's t-shirt", '18 12 1941 12 727 338 256 12 15600'],
  ['  double  space', '220 4274 220 2272'],
];

/** Texts and their ids in the full CLIP vocabulary, without start and end. */
export const CLIP_IDS: readonly (readonly [string, string])[] = [
  ['a diagram', '320 22697'],
  ['a dog', '320 1929'],
  ['a cat', '320 2368'],
  [
    'A photo depicts a man riding a motorcycle on a dirt road.',
    '320 1125 29340 320 786 6765 320 10297 525 320 11795 1759 269',
  ],
  ["two dogs aren't playing!!", '1237 3255 4318 713 1629 748'],
  ['It’s a café — 12:45 p.m.', '585 568 320 15304 2005 272 273 281 275 276 335 269 332 269'],
  ['  multiple   spaces &amp; HTML &lt;b&gt;', '6470 9006 261 18231 283 321 285'],
  ['안녕 세계', '16071 230 167 227 499 15074 116 36216 482'],
  ['🙂 smile', '14860 3490'],
  ['supercalifragilistic', '1642 2857 13093 2076 1561'],
  ["3-year-old's t-shirt", '274 268 935 268 896 568 339 268 2523'],
];

function excerpt(
  merges: string,
  { suffix, specials }: { suffix: string; specials: [string, number][] },
): TokenizerJson {
  const symbols = ALPHABET_ORDER.map((byte) => BYTE_TO_CHAR[byte]);
  const alphabet = suffix === '' ? symbols : [...symbols, ...symbols.map((symbol) => symbol + suffix)];
  const vocab = Object.fromEntries(alphabet.map((symbol, id) => [symbol, id]));
  const rows = merges
    .trim()
    .split(/,\s+/)
    .map((row) => row.replace(/,$/, '').split(' '));
  for (const [rank, left, right] of rows) vocab[left + right] = alphabet.length + Number(rank);
  return {
    added_tokens: specials.map(([content, id]) => ({ id, content, special: true, normalized: false })),
    model: {
      type: 'BPE',
      vocab,
      merges: rows.map(([, left, right]) => `${left} ${right}`),
      end_of_word_suffix: suffix,
    },
  };
}

/** tokenizer.json with the merges of `GPT2_IDS` under their true ids. */
export function gpt2Excerpt(): TokenizerJson {
  return {
    ...excerpt(GPT2_MERGES, { suffix: '', specials: [['<|endoftext|>', 50256]] }),
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
    decoder: { type: 'ByteLevel' },
  };
}

/** tokenizer.json with the merges of `CLIP_IDS` under their true ids. */
export function clipExcerpt(): TokenizerJson {
  const pattern = String.raw`'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`;
  return {
    ...excerpt(CLIP_MERGES, {
      suffix: '</w>',
      specials: [
        ['<|startoftext|>', 49406],
        ['<|endoftext|>', 49407],
      ],
    }),
    normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Lowercase' }] },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: pattern }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
      ],
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: ['<|endoftext|>', 49407],
      cls: ['<|startoftext|>', 49406],
    },
    decoder: { type: 'ByteLevel' },
  };
}
