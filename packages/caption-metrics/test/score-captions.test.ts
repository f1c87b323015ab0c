// Whole scoring from raw captions, against the published values of the CLIPScore repository's example.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { captionStatistics } from '../src/caption-statistics.ts';
import { measureNames } from '../src/measures.ts';
import { documentFrequenciesOfCaptions, scoreCaptions } from '../src/score-captions.ts';
import { clipscoreBad, clipscoreGood, clipscoreReferences, roundsTo, words } from './corpora.ts';

const test = suite('score captions');

const references = clipscoreReferences.flatMap((set, image_id) =>
  set.map((caption) => ({ image_id, caption })),
);
const resultsOf = (captions: string[]) => captions.map((caption, image_id) => ({ image_id, caption }));

const published: [name: string, captions: string[], bleu: number[], rougeL: number, ciderD: number][] = [
  ['good', clipscoreGood, [0.6667, 0.4899, 0.3469, 0], 0.428, 0.5637],
  ['bad', clipscoreBad, [0.4815, 0.2404, 0.1359, 0], 0.3121, 0.279],
];

for (const [name, captions, bleu, rougeL, ciderD] of published) {
  test(`scores of the ${name} captions`, () => {
    const scores = scoreCaptions({ results: resultsOf(captions), references });
    bleu.forEach((value, n) => roundsTo(scores.bleu[n], value, { decimals: 4, what: `BLEU-${n + 1}` }));
    roundsTo(scores.rougeL, rougeL, { decimals: 4, what: 'ROUGE-L' });
    roundsTo(scores.ciderD, ciderD, { decimals: 4, what: 'CIDEr-D' });
  });
}

test('counts, per-image values and the source of document frequencies', () => {
  const scores = scoreCaptions({ results: resultsOf(clipscoreGood), references });
  assert.equal(scores.correct, [18, 9, 4, 0]);
  assert.equal(scores.guess, [27, 25, 23, 21]);
  assert.equal([scores.testLength, scores.referenceLength, scores.images], [27, 20, 2]);
  assert.is(scores.documentFrequencySource, 'references');
  assert.equal(
    scores.perImage.map(({ imageId }) => imageId),
    [0, 1],
  );
  const mean = (scores.perImage[0].ciderD + scores.perImage[1].ciderD) / 2;
  roundsTo(scores.ciderD, mean, { decimals: 12, what: 'mean of images' });
});

test('images without a result are named and left out', () => {
  const scores = scoreCaptions({ results: [{ image_id: 1, caption: clipscoreGood[1] }], references });
  assert.equal(scores.imagesWithoutResult, [0]);
  assert.is(scores.images, 1);
});

test('groups: BLEU of their images alone, CIDEr-D with the document frequencies of all', () => {
  const results = resultsOf(clipscoreGood);
  const none = scoreCaptions({ results, references });
  assert.equal(none.groups, []);
  const { groups, perImage, measures } = scoreCaptions({
    results,
    references,
    groupOf: (id) => (id === 1 ? 'out-domain' : undefined),
  });
  assert.equal(
    groups.map(({ group, images }) => [group, images]),
    [['out-domain', 1]],
  );
  const [{ scores }] = groups;
  assert.equal(
    scores.map(({ name }) => name),
    measures.map(({ name }) => name),
  );
  const valueOf = (wanted: string) => scores.find(({ name }) => name === wanted)?.value;
  const alone = scoreCaptions({ results: results.slice(1), references });
  assert.is(valueOf('bleu-4'), alone.bleu[3]);
  assert.is(valueOf('meteor'), alone.meteor);
  assert.is(valueOf('cider-d'), perImage[1].ciderD);
  assert.is(alone.ciderD, 0, 'its own document frequencies would leave nothing');
});

test("results that do not fit are refused with the image's name", () => {
  assert.throws(() => scoreCaptions({ results: [], references }), /results is empty/);
  assert.throws(
    () => scoreCaptions({ results: [{ image_id: 'x7', caption: 'a' }], references }),
    /image x7 .*no reference/,
  );
  const twice = [...resultsOf(clipscoreGood), { image_id: 1, caption: 'a dog' }];
  assert.throws(() => scoreCaptions({ results: twice, references }), /image 1 has two results/);
});

test('statistics', () => {
  const captions = ['a dog runs', 'a dog runs', 'a cat'].map(words);
  const statistics = captionStatistics(captions, {
    training: [words('a cat'), words('a cow')],
    finished: [true, false, true],
  });
  assert.equal(statistics, {
    captions: 3,
    meanLength: 8 / 3,
    lengths: [0, 0, 1, 2],
    vocabularySize: 4,
    uniqueCaptions: 2,
    distinct1: 4 / 8,
    distinct2: 3 / 5,
    // the two equal ones 1 each; "a cat": 1 of 2 words, (0+1)/(1+1), 1, 1, and one word shorter than "a dog runs"
    selfBleu: (2 + Math.exp(-0.5) * (1 / 4) ** 0.25) / 3,
    novelty: 2 / 3,
    unfinishedRate: 1 / 3,
  });
  const bare = captionStatistics([[]]);
  assert.equal([bare.distinct1, bare.novelty, bare.unfinishedRate], [0, null, null]);
  assert.throws(() => captionStatistics([]), /empty/);
  assert.throws(() => captionStatistics(captions, { finished: [true] }), /3 captions but 1 values/);
});

test('statistics of a scored run compare tokenised text', () => {
  const { statistics } = scoreCaptions({
    results: [
      { image_id: 0, caption: 'A dog.', finished: true },
      { image_id: 1, caption: 'a dog', finished: false },
    ],
    references,
    training: ['A DOG!'],
  });
  assert.equal([statistics.uniqueCaptions, statistics.novelty, statistics.unfinishedRate], [1, 0, 0.5]);
});

test('every measure stands in the list, with its own value', () => {
  const vector = (x: number) => ({ image: [1, 0], caption: [x, 1], references: [[x, 1]] });
  const scores = scoreCaptions({
    results: resultsOf(clipscoreGood),
    references,
    clipFeatures: (id) => vector(Number(id) + 1),
    spice: new Map([
      ['0', 0.5],
      ['1', 0.25],
    ]),
  });
  const { bleu, smoothedBleu, rougeL, meteor, ciderD, nist, clipScore, refClipScore, spice } = scores;
  assert.equal(
    scores.measures.map(({ value }) => value),
    [...bleu, smoothedBleu, rougeL, meteor, ciderD, nist, clipScore, refClipScore, spice],
  );
  assert.is(spice, 0.375);
  assert.equal(
    scores.measures.map(({ name }) => name),
    [...measureNames],
  );
  roundsTo(scores.perImage[0].clipScore ?? NaN, 2.5 * Math.SQRT1_2, { decimals: 12, what: 'CLIPScore' });
});

test('features and SPICE must be there for every image', () => {
  const results = resultsOf(clipscoreGood);
  const one = { image: [1, 0], caption: [1, 0] };
  assert.throws(
    () => scoreCaptions({ results, references, clipFeatures: (id) => (id === 0 ? one : undefined) }),
    /image 1 has no CLIP features/,
  );
  assert.throws(
    () =>
      scoreCaptions({
        results,
        references,
        clipFeatures: (id) => (id === 0 ? one : { ...one, references: [[1, 0]] }),
      }),
    /some images have CLIP features of their references/,
  );
  assert.throws(() => scoreCaptions({ results, references, spice: new Map() }), /no value for image 0/);
});

test("CIDEr with the training split's document frequencies", () => {
  const results = resultsOf(clipscoreGood);
  const training = [
    ...references,
    { image_id: 'x', caption: 'A cat.' },
    { image_id: 'x', caption: 'The cat sleeps.' },
  ];
  const own = scoreCaptions({ results, references, training });
  const trained = scoreCaptions({ results, references, training, documentFrequencies: 'training' });
  const table = documentFrequenciesOfCaptions(training);
  assert.is(table.imageCount, 3);
  assert.is(table.frequency.get('cat'), 3, 'once per image');
  const given = scoreCaptions({ results, references, documentFrequencies: table });
  assert.is(trained.ciderD, given.ciderD);
  assert.not.equal(trained.ciderD, own.ciderD);
  assert.equal(
    [own, trained, given].map(({ documentFrequencySource: source }) => source),
    ['references', 'training', 'given'],
  );
  assert.throws(
    () => scoreCaptions({ results, references, training: ['a cat'], documentFrequencies: 'training' }),
    /need its captions with their image_id/,
  );
});

test.run();
