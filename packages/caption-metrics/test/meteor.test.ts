// METEOR against values of METEOR 1.5 without its paraphrase table; synonyms are given where WordNet has them.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { alignWords } from '../src/meteor-align.ts';
import { meteor } from '../src/meteor.ts';
import { porter2Stem } from '../src/porter2-stem.ts';
import { tokenizeCaption } from '../src/ptb-tokenize.ts';
import { clipscoreBad, clipscoreGood, clipscoreReferences, roundsTo, words } from './corpora.ts';
import { readGolden } from './golden.ts';

const test = suite('meteor');

/** Some words that share a WordNet synset, or have base forms that do. */
const meanings = ['sat sitting', 'kids children', 'soccer football', 'is are was be'].map(words);
const sensesOf = (word: string): string[] =>
  meanings.flatMap((set, i) => (set.includes(word) ? [String(i)] : []));

test("stems are NLTK's", () => {
  const stems = Object.entries(readGolden('porter2-stems.json') as Record<string, string>);
  assert.ok(stems.length > 150);
  assert.equal(
    stems.filter(([word, stem]) => porter2Stem(word) !== stem),
    [],
  );
});

const goldens: [hypothesis: string, references: string[], score: number][] = [
  ['the cat sat on the mat', ['a cat was sitting on the mat'], 0.405048],
  [
    'a man riding a wave on a surfboard',
    ['a surfer rides a large wave', 'a man riding a wave on top of a surfboard'],
    0.44972,
  ],
  ['a dog runs through the grass', ['the grass is being run through by a dog'], 0.335023],
  [
    'two kids play soccer',
    ['children playing football in a field', 'two children are playing soccer'],
    0.361004,
  ],
  ['a man riding a wave', ['a man riding a wave'], 1],
];
for (const [hypothesis, references, score] of goldens) {
  test(`METEOR of "${hypothesis}"`, () => {
    const result = meteor([words(hypothesis)], [references.map(words)], { sensesOf });
    roundsTo(result.meteor, score, { decimals: 6, what: hypothesis });
    assert.is(result.perImage[0], result.meteor);
    assert.is(result.label, 'METEOR (no paraphrase)');
  });
}

test('counts of a pair', () => {
  const [counts] = meteor([words('the cat sat on the mat')], [[words('a cat was sitting on the mat')]], {
    sensesOf,
  }).counts;
  assert.equal(counts, {
    hypothesisLength: 6,
    referenceLength: 7,
    hypothesisFunction: 3,
    referenceFunction: 4,
    matches: [
      [2, 2, 2, 2],
      [0, 0, 0, 0],
      [1, 1, 0, 0],
    ],
    chunks: 2,
  });
});

test("corpus METEOR of the CLIPScore repository's example", () => {
  const references = clipscoreReferences.map((set) => set.map(tokenizeCaption));
  for (const [captions, published] of [
    [clipscoreGood, 0.3444],
    [clipscoreBad, 0.1861],
  ] as const) {
    const result = meteor(captions.map(tokenizeCaption), references, { sensesOf });
    roundsTo(result.meteor, published, { decimals: 4, what: captions[0] });
  }
});

test('without synonyms the label says so and only words and stems match', () => {
  const result = meteor([words('two kids play soccer')], [[words('two children are playing soccer')]]);
  assert.is(result.label, 'METEOR (exact+stem)');
  assert.equal(
    result.counts[0].matches.map(([content]) => content),
    [1, 1, 0],
  );
});

test('nothing in common, and nothing at all, score 0', () => {
  assert.equal(meteor([words('x y'), []], [[words('a b')], [words('a b')]]).perImage, [0, 0]);
});

const sentence = (text: string) => ({ words: words(text), stems: words(text) });

test('alignment prefers more matches, then fewer chunks, then short ways', () => {
  const pairs = (hypothesis: string, reference: string): string => {
    const { matches, chunks } = alignWords(sentence(hypothesis), sentence(reference));
    return `${matches.map((m) => `${m.hypothesis}-${m.reference}`).join(' ')}; ${chunks}`;
  };
  assert.is(pairs('b a', 'a b a'), '0-1 1-2; 1');
  assert.is(pairs('a c', 'a x a c'), '0-2 1-3; 1');
  assert.is(pairs('a x', 'a y a'), '0-0; 1', 'the nearer one');
  assert.is(pairs('x x a', 'a y a'), '2-2; 1', 'the nearer one, although it comes later');
  assert.is(pairs('a b a c', 'a c'), '2-0 3-1; 1', 'the first a is left out');
  assert.is(pairs('a', 'b'), '; 0');
});

test.run();
