// Captions: five different ones per scene, in correct English, saying only what is true.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { captionScene } from '../src/caption/caption-scene.ts';
import { indefiniteArticle } from '../src/caption/noun-phrase.ts';
import { colours } from '../src/colours.ts';
import { describeScene } from '../src/describe-scene.ts';
import { kinds } from '../src/kinds.ts';
import { createRandom } from '../src/random.ts';
import type { Scene } from '../src/scene.ts';

const test = suite('captionScene');

const told: { scene: Scene; captions: string[] }[] = Array.from({ length: 3000 }, (_, index) => {
  const scene = describeScene({ seed: 1, split: 'train', index });
  return { scene, captions: captionScene(scene, createRandom('captions', index)) };
});
const all = told.flatMap(({ captions }) => captions);

/** Fails with the first caption in which the pattern is found. */
function never(pattern: RegExp, why: string): void {
  const found = all.find((caption) => pattern.test(caption));
  assert.is(found, undefined, `${why}: ${found}`);
}

test('five captions, all different, and the same ones for the same random numbers', () => {
  for (const { captions } of told) assert.is(new Set(captions).size, 5);
  assert.equal(captionScene(told[9].scene, createRandom('captions', 9)), told[9].captions);
});

test('another number of captions can be asked for', () => {
  assert.is(new Set(captionScene(told[0].scene, createRandom('many'), 40)).size, 40);
});

test('sentence case, 6 to 22 words, clean spacing', () => {
  for (const caption of all) {
    const length = caption.split(' ').length;
    assert.ok(length >= 6 && length <= 22, `${length} words: ${caption}`);
  }
  never(/^[^A-Z]/, 'begins without a capital');
  never(/.[A-Z]/, 'capital inside');
  never(/ {2}| [,.:]|[,:](?! )|[^a-z,.: ]/i, 'spacing or odd character');
  never(/\.(?!$)/, 'full stop inside');
  never(/\{|undefined|null/, 'unfilled template');
});

test('between 92 and 95 of 100 captions end with a full stop', () => {
  const share = all.filter((caption) => caption.endsWith('.')).length / all.length;
  assert.ok(share > 0.92 && share < 0.95, `share ${share}`);
});

test('a and an fit the word that follows', () => {
  never(/\ba (?!one\b)[aeiou]/i, '"a" before a vowel');
  never(/\ban [^aeiou]/i, '"an" before a consonant');
  assert.is(indefiniteArticle('orange star'), 'an');
  assert.is(indefiniteArticle('one'), 'a');
  assert.is(indefiniteArticle('huge ring'), 'a');
});

const singulars = [...kinds.flatMap((kind) => kind.nouns.map((n) => n.singular)), 'one', 'shape', 'object'];
const plurals = [...kinds.flatMap((kind) => kind.nouns.map((n) => n.plural)), 'ones', 'shapes', 'objects'];
const adjectives = ['small|little|tiny|large|big|huge', ...colours.flatMap((colour) => colour.words)].join(
  '|',
);
const oneThing = `(?:an?|one) (?:(?:${adjectives}) )*`;
const manyThings = `(?:two|three|four|few|several|couple of|pair of) (?:(?:${adjectives}) )*`;
const pluralVerbs = 'are|sit|float|lie|rest|stand|hang|drift|appear';
const singularVerbs = 'is|sits|floats|lies|rests|stands|hangs|drifts|appears';

test('numbers and nouns agree', () => {
  never(new RegExp(`\\b${oneThing}(?:${plurals.join('|')})\\b`, 'i'), 'one thing in the plural');
  never(new RegExp(`\\b${manyThings}(?:${singulars.join('|')})\\b`, 'i'), 'many things in the singular');
});

test('subjects and verbs agree', () => {
  never(/\bthere is (?:two|three|four|several|a few|a couple)\b/i, 'there is + plural');
  never(/\bthere are (?:one|an?(?! few| couple))\b/i, 'there are + singular');
  const single = `${oneThing}(?:${singulars.join('|')})`;
  never(new RegExp(`^${single} (?:${pluralVerbs})\\b`, 'i'), 'one thing, plural verb');
  const many = `(?:two|three|four|several|a few|a couple of) (?:(?:${adjectives}) )*(?:${plurals.join('|')})`;
  never(new RegExp(`^${many} (?:${singularVerbs})\\b`, 'i'), 'many things, singular verb');
  never(
    new RegExp(`^the (?:(?:${adjectives}) )*(?:${plurals.join('|')}) (?:${singularVerbs})\\b`, 'i'),
    'the many',
  );
  never(
    new RegExp(`^the (?:(?:${adjectives}) )*(?:${singulars.join('|')}) (?:${pluralVerbs})\\b`, 'i'),
    'the one',
  );
});

test('counted groups are in the picture with that count', () => {
  const numbers = ['two', 'three', 'four'];
  const pattern = new RegExp(`\\b(two|three|four) (?:${adjectives} )*(${plurals.join('|')})\\b`, 'gi');
  let checked = 0;
  for (const { scene, captions } of told) {
    for (const caption of captions) {
      for (const [, number, noun] of caption.matchAll(pattern)) {
        const kind = kinds.find((one) => one.nouns.some((n) => n.plural === noun));
        if (!kind) continue;
        const count = numbers.indexOf(number.toLowerCase()) + 2;
        const fits = scene.groups.some((group) => group.kind === kind.name && group.count === count);
        assert.ok(fits, `no ${count} ${kind.name}: ${caption}`);
        checked++;
      }
    }
  }
  assert.ok(checked > 500, `${checked} counts checked`);
});

test('the vocabulary is small, and openings are varied', () => {
  const vocabulary = new Set(
    all
      .join(' ')
      .toLowerCase()
      .match(/[a-z]+/g),
  );
  assert.ok(vocabulary.size >= 150 && vocabulary.size <= 250, `${vocabulary.size} words`);
  const openings = new Map<string, number>();
  for (const caption of all) {
    const opening = caption.split(' ').slice(0, 2).join(' ');
    openings.set(opening, (openings.get(opening) ?? 0) + 1);
  }
  assert.ok(Math.max(...openings.values()) < 0.12 * all.length, 'one opening is used too often');
});

test.run();
