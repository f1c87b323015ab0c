// BLEU against coco-caption's values, sacrebleu's README example and values worked out by hand.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { bleu } from '../src/bleu.ts';
import { selfBleu } from '../src/self-bleu.ts';
import { smoothedBleu, smoothedSentenceBleu } from '../src/smoothed-sentence-bleu.ts';
import {
  type Corpus,
  firstAlone,
  firstReferences,
  roundsTo,
  tiny,
  tinyWithEmptySecond,
  words,
} from './corpora.ts';
import { readGolden } from './golden.ts';

const test = suite('bleu');

const cases: [name: string, corpus: Corpus, expected: number[]][] = [
  ['tiny corpus', tiny, [0.731615629, 0.672988496, 0.549232321, 0.49616978]],
  ['an empty hypothesis', tinyWithEmptySecond, [0.332871084, 0.332871084, 0.313243683, 0.300782978]],
  ['first references as hypotheses', firstReferences, [1, 1, 1, 1]],
  ['one image', firstAlone, [1, 1, 0.941036029, 0.903602003]],
];

for (const [name, { hypotheses, references }, expected] of cases) {
  test(`BLEU: ${name}`, () => {
    const scores = bleu(hypotheses, references).bleu;
    // the guards of 1e-9 leave identical captions a hair below 1
    expected.forEach((value, n) =>
      roundsTo(scores[n], value, { decimals: value === 1 ? 8 : 9, what: `BLEU-${n + 1}` }),
    );
  });
}

test('BLEU counts', () => {
  const { testLength, referenceLength, guess, correct } = bleu(tiny.hypotheses, tiny.references);
  assert.equal(
    { testLength, referenceLength, guess, correct },
    {
      testLength: 16,
      referenceLength: 21,
      guess: [16, 13, 10, 8],
      correct: [16, 11, 5, 4],
    },
  );
  const withEmpty = bleu(tinyWithEmptySecond.hypotheses, tinyWithEmptySecond.references);
  assert.equal(withEmpty.guess, [10, 8, 6, 5]);
  assert.equal(withEmpty.correct, [10, 8, 5, 4]);
  assert.is(withEmpty.referenceLength, 21);
});

test('BLEU takes the shorter reference on a tie, in either order', () => {
  const short = words('a b c');
  const long = words('a b c d e');
  assert.is(bleu([words('a b c d')], [[short, long]]).referenceLength, 3);
  assert.is(bleu([words('a b c d')], [[long, short]]).referenceLength, 3);
});

test("BLEU of sacrebleu's README example", () => {
  const result = bleu(
    ['The dog bit the man .', "It wasn't surprising .", 'The man had just bitten him .'].map(words),
    [
      ['The dog bit the man .', 'The dog had bit the man .'],
      ['It was not unexpected .', 'No one was surprised .'],
      ['The man bit him first .', 'The man had bitten the dog .'],
    ].map((set) => set.map(words)),
  );
  roundsTo(result.bleu[3] * 100, 48.53, { decimals: 2, what: 'BLEU-4' });
  assert.equal([result.testLength, result.referenceLength], [17, 18]);
  const precisions = result.correct.map((hits, n) => ((100 * hits) / result.guess[n]).toFixed(1));
  assert.equal(precisions, ['82.4', '50.0', '45.5', '37.5']);
});

test('BLEU per image equals BLEU of that image alone', () => {
  const { perImage } = bleu(tiny.hypotheses, tiny.references);
  assert.is(perImage.length, 3);
  assert.equal(perImage[1], bleu([tiny.hypotheses[1]], [tiny.references[1]]).bleu);
});

test('BLEU refuses lists that do not fit', () => {
  assert.throws(() => bleu(tiny.hypotheses, tiny.references.slice(1)), /3 hypotheses but 2 reference sets/);
  assert.throws(() => bleu([['a']], [[]]), /hypothesis 0 has no reference/);
  assert.throws(() => bleu([], []), /nothing to score/);
});

test('smoothed sentence BLEU adds one above unigrams', () => {
  // "a b c" against "a b d": unigrams 2/3, bigrams (1+1)/(2+1), trigrams (0+1)/(1+1), 4-grams (0+1)/(0+1)
  const value = smoothedSentenceBleu(words('a b c'), [words('a b d')]);
  roundsTo(value, ((2 / 3) * (2 / 3) * (1 / 2) * 1) ** 0.25, { decimals: 12, what: 'smoothed BLEU' });
  // half as long as its reference: exp(1 - 4/2)
  roundsTo(smoothedSentenceBleu(words('a b'), [words('a b c d')], { order: 2 }), Math.exp(-1), {
    decimals: 12,
    what: 'brevity',
  });
});

test('smoothed sentence BLEU at its ends', () => {
  assert.is(smoothedSentenceBleu(words('a cat sits here now'), [words('a cat sits here now')]), 1);
  assert.is(smoothedSentenceBleu([], [words('a')]), 0);
  assert.is(smoothedSentenceBleu(words('x y'), [words('a b')]), 0);
  assert.throws(() => smoothedSentenceBleu(['a'], []), /no reference/);
  assert.throws(() => smoothedSentenceBleu(['a'], [['a']], { order: 5 }), /order must be 1 to 4, not 5/);
});

test("smoothed sentence BLEU is NLTK's method 2, and its mean the corpus value", () => {
  const golden = readGolden('smoothed-bleu.json') as {
    hypothesis: string[];
    references: string[][];
    bleu: number;
  }[];
  const result = smoothedBleu(
    golden.map(({ hypothesis }) => hypothesis),
    golden.map(({ references }) => references),
  );
  golden.forEach(({ bleu: expected }, i) =>
    roundsTo(result.perImage[i], expected, { decimals: 12, what: `sentence ${i}` }),
  );
  const mean = golden.reduce((sum, { bleu: value }) => sum + value, 0) / golden.length;
  roundsTo(result.smoothedBleu, mean, { decimals: 12, what: 'mean' });
});

test('self-BLEU is the mean of sentence BLEU against all others', () => {
  const captions = [...tiny.references.flat(), words('a dog runs'), words('a dog runs'), words('a a a')];
  const slow =
    captions.reduce(
      (sum, caption, i) =>
        sum +
        smoothedSentenceBleu(
          caption,
          captions.filter((_, other) => other !== i),
        ),
      0,
    ) / captions.length;
  roundsTo(selfBleu(captions), slow, { decimals: 12, what: 'self-BLEU' });
  assert.is(selfBleu([words('a dog'), words('a dog')]), 1);
  assert.is(selfBleu([words('a dog')]), 0);
});

test.run();
