// Captions made wrong by a word or two: the hard negatives a contrastive model learns to read word order from.
//
// Bags of words are enough to tell most captions of a batch apart, so a CLIP need not learn which colour belongs to
// which kind. Negatives made by swapping words make it (Yuksekgonul et al. 2023, "When and why vision-language models
// behave like bags-of-words", NegCLIP).
import { checkCaption } from './check-caption.ts';
import { colours } from './colours.ts';
import { kinds } from './kinds.ts';
import type { Random } from './random.ts';
import type { Scene } from './scene.ts';

/** One colour or kind word of a caption. */
interface Mention {
  at: number;
  word: string;
  /** Words of the same grammatical form; the first word of each stands for its colour or kind. */
  class: 'colour' | 'kind' | 'kinds';
  name: string;
}

const wordsOf = {
  colour: new Map(colours.flatMap(({ name, words }) => words.map((word) => [word, name] as const))),
  kind: new Map(
    kinds.flatMap(({ name, nouns }) => nouns.map(({ singular }) => [singular, name] as [string, string])),
  ),
  kinds: new Map(
    kinds.flatMap(({ name, nouns }) => nouns.map(({ plural }) => [plural, name] as [string, string])),
  ),
} as const satisfies Record<Mention['class'], ReadonlyMap<string, string>>;

const classes = Object.keys(wordsOf) as Mention['class'][];

/**
 * The caption with two colour words or two kind words swapped, or one replaced, so that it is wrong of the scene;
 * articles follow. Undefined where no try makes it wrong, as in a caption that names neither.
 * @example
 * corruptCaption('A red star above a blue box.', scene, random); // 'A blue star above a red box.'
 */
export function corruptCaption(caption: string, scene: Scene, random: Random): string | undefined {
  const mentions = findMentions(caption);
  if (mentions.length === 0) return undefined;
  for (let tries = 0; tries < 8; tries++) {
    const one = random.pick(mentions);
    const others = mentions.filter((m) => m.class === one.class && m.name !== one.name);
    const other = others.length > 0 && random.chance(0.5) ? random.pick(others) : undefined;
    const changes = other
      ? new Map([
          [one.at, other.word],
          [other.at, one.word],
        ])
      : new Map([[one.at, replacement(one, random)]]);
    const corrupted = fixArticles(withWords(caption, mentions, changes));
    if (checkCaption(corrupted, scene).wrong.length > 0) return corrupted;
  }
  return undefined;
}

function findMentions(caption: string): Mention[] {
  return [...caption.matchAll(/[A-Za-z]+/g)].flatMap(({ 0: text, index }) => {
    const word = text.toLowerCase();
    const found = classes.find((c) => wordsOf[c].has(word));
    return found ? [{ at: index, word, class: found, name: wordsOf[found].get(word)! }] : [];
  });
}

function replacement(mention: Mention, random: Random): string {
  const others = [...wordsOf[mention.class]].filter(([, name]) => name !== mention.name);
  return random.pick(others)[0];
}

function withWords(
  caption: string,
  mentions: readonly Mention[],
  changes: ReadonlyMap<number, string>,
): string {
  let text = '';
  let end = 0;
  for (const { at, word } of mentions) {
    const wanted = changes.get(at) ?? word;
    const isCapital = caption[at] !== caption[at].toLowerCase();
    text += caption.slice(end, at) + (isCapital ? wanted[0].toUpperCase() + wanted.slice(1) : wanted);
    end = at + word.length;
  }
  return text + caption.slice(end);
}

/** "a" before a consonant, "an" before a vowel; no word of the captions begins with a silent h or a consonantal u. */
const fixArticles = (text: string): string =>
  text.replaceAll(/\b(a)n?(?= ([a-z]))/gi, (_, a: string, next: string) =>
    /[aeiou]/i.test(next) ? `${a}n` : a,
  );
