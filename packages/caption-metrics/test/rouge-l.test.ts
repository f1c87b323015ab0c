// ROUGE-L against coco-caption's values and by hand.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { longestCommonSubsequence, rougeL } from '../src/rouge-l.ts';
import {
  type Corpus,
  firstAlone,
  firstReferences,
  roundsTo,
  tiny,
  tinyWithEmptySecond,
  words,
} from './corpora.ts';

const test = suite('rouge l');

const cases: [name: string, corpus: Corpus, expected: number][] = [
  ['tiny corpus', tiny, 0.696260552],
  ['an empty hypothesis', tinyWithEmptySecond, 0.443358396],
  ['first references as hypotheses', firstReferences, 1],
  ['one image', firstAlone, 0.871428571],
];

for (const [name, { hypotheses, references }, expected] of cases) {
  test(`ROUGE-L: ${name}`, () => {
    roundsTo(rougeL(hypotheses, references).rougeL, expected, { decimals: 9, what: name });
  });
}

test('longest common subsequence', () => {
  assert.is(longestCommonSubsequence(words('a b c d e'), words('x b d a e')), 3);
  assert.is(longestCommonSubsequence(words('a a a'), words('a a')), 2);
  assert.is(longestCommonSubsequence([], words('a')), 0);
});

test('ROUGE-L takes precision and recall from different references', () => {
  // precision 2/2 from the long reference, recall 1/1 from the short one
  assert.is(rougeL([words('a b')], [[words('a b c d e f'), words('b')]]).rougeL, 1);
});

test.run();
