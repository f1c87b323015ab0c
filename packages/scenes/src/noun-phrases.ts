// The parts of a caption that name one sort of object: "two small violet crescents".
import { colours } from './colours.ts';
import { kinds } from './kinds.ts';

const either = (words: readonly string[]): string => `(?:${words.join('|')})`;
const size = either(['small', 'little', 'tiny', 'large', 'big', 'huge']);
const number = either(['an?', 'the', 'one', 'two', 'three', 'four', 'a pair of']);
const colour = either(colours.flatMap(({ words }) => [...words]));
const noun = either(
  kinds.flatMap(({ nouns }) => nouns.flatMap(({ singular, plural }) => [plural, singular])),
);
const phrase = new RegExp(`\\b(?:${number} )?(?:${size} )*${colour} (?:${size} )*${noun}\\b`, 'gi');

/**
 * Each noun phrase that gives one colour to one kind, with number and size where they are said.
 * @example
 * nounPhrases('A pair of big red stars above a blue box.'); // ['A pair of big red stars', 'a blue box']
 */
export function nounPhrases(caption: string): string[] {
  return caption.match(phrase) ?? [];
}
