// Splits a caption into Penn Treebank tokens, as the tokenizer in front of coco-caption does.
import {
  abbreviations,
  bracketNames,
  capitalisedAbbreviations,
  fusedWords,
  numberAbbreviations,
  sentenceStarters,
} from './ptb-word-lists.ts';

const letter = String.raw`[\p{L}\p{M}]`;
const alnum = String.raw`[\p{L}\p{M}\p{N}]`;
const wordEnd = `(?!${alnum})`;
const anyCase = (words: readonly string[]): string =>
  `(?:${[...words].sort((a, b) => b.length - a.length).join('|')})`;

/** A rule: where its pattern matches, that stretch is one token, rewritten by `as` where the treebank spells it otherwise. */
interface Rule {
  pattern: RegExp;
  as?: (token: string, rest: string) => string;
}

const rule = (source: string, as?: Rule['as'], flags = 'i'): Rule => ({
  pattern: new RegExp(source, `yu${flags}`),
  as,
});

// Tried in this order at every position; the first that matches wins. Text keeps its case until a token is out,
// because "M&Ms" and "Miss." depend on it.
const rules: readonly Rule[] = [
  rule(String.raw`${letter}+(?=\s|$)`), // most words end here
  rule(String.raw`(?:https?://|www\.)[^\s"<>]*[^\s"<>.,;:!?'()]`),
  rule(String.raw`(?:${letter}\.){2,}${wordEnd}`), // u.s. p.m. n.y.
  rule(String.raw`${anyCase(abbreviations)}\.${wordEnd}`),
  rule(String.raw`${anyCase(capitalisedAbbreviations)}\.${wordEnd}`, undefined, ''),
  rule(String.raw`${anyCase(numberAbbreviations)}\.(?=\s*\d)`),
  rule(
    String.raw`(?<=^|[\s"'“])${letter}\.(?=\s*$|\s*["'”]|\s+(?!${anyCase(sentenceStarters)}${wordEnd})${letter})`,
  ), // initials
  rule(
    String.raw`${alnum}+(?:-${alnum}+){0,2}(?:/${alnum}+(?:-${alnum}+){0,2}){1,2}(?![/${'\\p{L}\\p{N}'}])`,
  ), // red/yellow
  rule(String.raw`${letter}+(?=n't${wordEnd})`),
  rule(String.raw`n't${wordEnd}`),
  rule(String.raw`'(?:s|m|d|re|ve|ll)${wordEnd}`),
  rule(String.raw`'\d\ds?${wordEnd}`), // '60s
  rule(String.raw`(?<!\S)'n'|(?<!\S)'(?:em|tis|twas)${wordEnd}|ol'`),
  rule(String.raw`[A-HJ-XZo]'(?!(?:re|ve|ll)${wordEnd})${letter}{2,}`, undefined, ''), // O'Malley
  rule(String.raw`${alnum}+(?:[-_]${alnum}+)+`),
  rule(String.raw`(?:(?<!\S)[-+])?(?:\d+(?:[.:,]\d+)+|\.\d+|\d+${wordEnd})`),
  rule(String.raw`[A-Z]+(?:&[A-Z]+)+`, undefined, ''), // M&M of M&Ms
  rule(String.raw`${letter}+&${letter}+`),
  rule(String.raw`${letter}+(?:[.!?]${letter}+)+`), // fork.a
  rule(String.raw`${alnum}+`),
  rule(String.raw`\.{3,}|…|\.(?: \.){2,}`, () => '...'),
  rule(String.raw`-{2,}|[–—]`, () => '--'),
  rule(String.raw`[?!]+`),
  rule('``|“', () => '``'),
  rule("''|”", () => "''"),
  rule('"', (_, rest) => (/^[\p{L}\p{N}$]/u.test(rest) ? '``' : "''")),
  rule("'", (_, rest) => (/^\p{L}{2}/u.test(rest) ? '`' : "'")),
  rule(String.raw`\S`, (token) => bracketNames.get(token) ?? token),
];

const entities: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"' };

/**
 * Penn Treebank tokens of a caption, lower-cased: the behaviour of Stanford CoreNLP 3.4.1 with `-preserveLines
 * -lowerCase`, by rules of this project. Contractions and possessives are split off, hyphenated words stay whole,
 * abbreviations keep their full stop, brackets become -lrb- and the like, quotes `` and ''.
 *
 * Line breaks count as spaces. Punctuation is still there; see {@link tokenizeCaption}.
 *
 * @example ptbTokenize("A man's dog isn't running") // ["a", "man", "'s", "dog", "is", "n't", "running"]
 */
export function ptbTokenize(caption: string): string[] {
  const text = caption
    .replace(/&(?:amp|lt|gt|quot);/gi, (entity) => entities[entity.toLowerCase()])
    .replace(/[’‘]/g, "'")
    .trimEnd();
  const tokens: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at])) {
      at++;
      continue;
    }
    const [token, length] = nextToken(text, at);
    at += length;
    const fused = fusedWords.get(token);
    if (fused) tokens.push(...fused);
    else tokens.push(token);
  }
  // The treebank ends a sentence with a full stop of its own even where an acronym's has been swallowed.
  const last = tokens.at(-1);
  if (last !== undefined && /^(?:\p{L}\.){2,}$/u.test(last)) tokens.push('.');
  return tokens;
}

function nextToken(text: string, at: number): [token: string, length: number] {
  for (const { pattern, as } of rules) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) {
      const token = found.toLowerCase();
      return [as ? as(token, text.slice(at + found.length, at + found.length + 4)) : token, found.length];
    }
  }
  throw new Error(`ptbTokenize: no rule takes ${JSON.stringify(text[at])}`); // unreachable: the last rule takes any
}

/** The tokens coco-caption throws away before scoring. "?!" and "!!" are not among them, nor are lower-case brackets. */
export const captionPunctuation: ReadonlySet<string> = new Set(
  "'' ' `` ` -LRB- -RRB- -LCB- -RCB- . ? ! , : - -- ... ;".split(' '),
);

/** {@link ptbTokenize} without {@link captionPunctuation}: the words every caption metric compares. */
export function tokenizeCaption(caption: string): string[] {
  return ptbTokenize(caption).filter((token) => !captionPunctuation.has(token));
}
