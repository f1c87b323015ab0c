// Names a group of objects in English: number or article, size, colour, noun.
import { colourByName } from '../colours.ts';
import { kindByName } from '../kinds.ts';
import type { Random } from '../random.ts';
import type { Group, SizeName } from '../scene.ts';

/** Words with the grammar a sentence around them needs. */
export interface NounPhrase {
  readonly text: string;
  /** The verb takes its plural form: "two stars are", but "a pair of stars is". */
  readonly plural: boolean;
  /** Pronouns are "them" and "their" rather than "it" and "its". */
  readonly many: boolean;
}

const sizeWords: Record<SizeName, readonly (readonly [number, string])[]> = {
  small: [
    [6, 'small'],
    [2, 'little'],
    [2, 'tiny'],
  ],
  large: [
    [5, 'large'],
    [4, 'big'],
    [1, 'huge'],
  ],
};

/** "a" or "an", by the sound the word begins with. */
export function indefiniteArticle(word: string): 'a' | 'an' {
  return /^[aeiou]/.test(word) && !/^(?:one|uni)/.test(word) ? 'an' : 'a';
}

/** Puts "a" or "an" before words. */
export function withArticle(words: string): string {
  return `${indefiniteArticle(words)} ${words}`;
}

/** The verb "to be" that agrees with the phrase. */
export function be(phrase: NounPhrase): 'is' | 'are' {
  return phrase.plural ? 'are' : 'is';
}

/** A regular verb, given in its plain form, in the present tense that agrees with the phrase. */
export function agree(phrase: NounPhrase, verb: string): string {
  return phrase.plural ? verb : `${verb}s`;
}

export function sizeWord(random: Random, size: SizeName): string {
  return random.weighted(sizeWords[size]);
}

/** The noun of a group in its right number: mostly the common word, sometimes a synonym. */
export function kindWord(random: Random, group: Group): string {
  const noun = random.weighted(kindByName(group.kind).nouns.map((n) => [n.weight, n] as const));
  return group.count === 1 ? noun.singular : noun.plural;
}

export function colourWord(random: Random, group: Group): string {
  const { words } = colourByName(group.colour);
  return words.length > 1 && random.chance(0.25) ? words[1] : words[0];
}

const numbers = ['zero', 'one', 'two', 'three', 'four'];

export function numberWord(count: number): string {
  return numbers[count];
}

export interface NamingOptions {
  /** Use this noun, already in the right number, and leave no colour out: "one", "boxes". */
  readonly noun?: string;
  /** Never say just "shape": the words that follow may point back to the kind. */
  readonly exact?: boolean;
}

/** Size, colour and noun without a determiner: "small red stars". Sometimes leaves something out. */
function description(random: Random, group: Group, options: NamingOptions): string {
  const words: string[] = [];
  let noun = options.noun ?? kindWord(random, group);
  let named = true;
  if (!options.noun) {
    const loss = random.float();
    // People forget a colour now and then, or call a thing just a shape.
    if (loss < 0.03) named = false;
    else if (loss < 0.05 && !options.exact)
      noun = random.pick(['shape', 'object']) + (group.count > 1 ? 's' : '');
  }
  if (random.chance(0.5)) words.push(sizeWord(random, group.size));
  if (named) words.push(colourWord(random, group));
  words.push(noun);
  return words.join(' ');
}

/** A first mention: "a small red star", "two blue boxes", "a row of three green rings". */
export function indefinite(random: Random, group: Group, options: NamingOptions = {}): NounPhrase {
  const words = description(random, group, options);
  if (group.count === 1) {
    const text = random.chance(0.06) ? `one ${words}` : withArticle(words);
    return { text, plural: false, many: false };
  }
  const number = numberWord(group.count);
  const collective = (head: string) => ({ text: `${head} ${words}`, plural: false, many: true });
  const counted = (head: string) => ({ text: `${head} ${words}`, plural: true, many: true });
  const whim = random.float();
  if (whim < 0.07) {
    if (group.count === 2) return collective('a pair of');
    if (group.arrangement === 'cluster') return collective(`a group of ${number}`);
    return collective(`a ${group.arrangement} of ${number}`);
  }
  if (whim < 0.1) return counted(group.count === 2 ? 'a couple of' : group.count === 3 ? 'a few' : 'several');
  return counted(number);
}

/** A mention of something pointed out: "the two small red stars". */
export function definite(random: Random, group: Group): NounPhrase {
  const words = description(random, group, {});
  const many = group.count > 1;
  const number = many && random.chance(0.5) ? `${numberWord(group.count)} ` : '';
  return { text: `the ${number}${words}`, plural: many, many };
}

/** A second mention, by kind alone: "the star", "the boxes". */
export function again(noun: string, group: Group): NounPhrase {
  const many = group.count > 1;
  return { text: `the ${noun}`, plural: many, many };
}
