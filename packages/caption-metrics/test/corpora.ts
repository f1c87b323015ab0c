// Small corpora with published or independently computed scores, shared by the tests of the metrics.
import type { Tokens } from '../src/n-grams.ts';

export const words = (sentence: string): string[] => (sentence === '' ? [] : sentence.split(' '));

export interface Corpus {
  hypotheses: Tokens[];
  references: Tokens[][];
}

export const tiny: Corpus = {
  hypotheses: ['a man riding a wave on a surfboard', 'a cat sitting on a couch', 'a dog'].map(words),
  references: [
    [
      'a man surfing a wave on a board',
      'a surfer rides a large wave',
      'a man riding a wave on top of a surfboard',
    ],
    ['a cat is sitting on the couch', 'a black cat lies on a sofa'],
    ['a brown dog running in the grass', 'a dog runs through a field', 'two dogs play in the grass'],
  ].map((set) => set.map(words)),
};

export const tinyWithEmptySecond: Corpus = {
  hypotheses: [tiny.hypotheses[0], [], tiny.hypotheses[2]],
  references: tiny.references,
};

export const firstReferences: Corpus = {
  hypotheses: tiny.references.map(([first]) => first),
  references: tiny.references,
};

export const firstAlone: Corpus = {
  hypotheses: tiny.hypotheses.slice(0, 1),
  references: tiny.references.slice(0, 1),
};

// jmhessel/clipscore, example/ (MIT)
export const clipscoreReferences = [
  [
    'two cats are sleeping next to each other.',
    'a grey cat is cuddling with an orange cat on a blanket.',
    'the orange cat is happy that the black cat is close to it.',
  ],
  [
    'a dog is wearing ear muffs as it lies on a carpet.',
    'a black dog and an orange cat are looking at the photographer.',
    'headphones are placed on a dogs ears.',
  ],
];
export const clipscoreGood = [
  'an orange cat and a grey cat are lying together.',
  'a black dog wearing headphones looks at the camera as an orange cat walks in the background.',
];
export const clipscoreBad = [
  'a calico cat and a white cat are lying together.',
  'a black dog wearing a hat looks at the camera as a tabby walks in the background.',
];

/** Asserts that `actual` rounds to `expected` at so many decimals, as a published figure does. */
export function roundsTo(
  actual: number,
  expected: number,
  { decimals, what }: { decimals: number; what: string },
): void {
  const slack = 0.500001 * 10 ** -decimals;
  if (!(Math.abs(actual - expected) <= slack)) throw new Error(`${what}: ${actual}, published ${expected}`);
}
