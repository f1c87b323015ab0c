// CIDEr-D against coco-caption's values and by hand.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { ciderD, documentFrequencies } from '../src/cider-d.ts';
import { firstAlone, firstReferences, roundsTo, tiny, tinyWithEmptySecond, words } from './corpora.ts';

const test = suite('cider d');

test('CIDEr-D: tiny corpus and its images', () => {
  const { ciderD: value, perImage } = ciderD(tiny.hypotheses, tiny.references);
  roundsTo(value, 2.167138095, { decimals: 9, what: 'corpus' });
  [3.633083013, 1.97643674, 0.891894532].forEach((expected, i) => {
    roundsTo(perImage[i], expected, { decimals: 9, what: `image ${i}` });
  });
});

test('CIDEr-D: first references as hypotheses', () => {
  const { ciderD: value, perImage } = ciderD(firstReferences.hypotheses, firstReferences.references);
  roundsTo(value, 4.657195523, { decimals: 9, what: 'corpus' });
  [4.293407059, 5.337855513, 4.340323995].forEach((expected, i) => {
    roundsTo(perImage[i], expected, { decimals: 9, what: `image ${i}` });
  });
});

test('CIDEr-D: an empty hypothesis scores 0 without disturbing the rest', () => {
  const { ciderD: value, perImage } = ciderD(tinyWithEmptySecond.hypotheses, tinyWithEmptySecond.references);
  roundsTo(value, 1.508325848, { decimals: 9, what: 'corpus' });
  assert.is(perImage[1], 0);
});

test('CIDEr-D of one image is 0 by its own references', () => {
  assert.is(ciderD(firstAlone.hypotheses, firstAlone.references).ciderD, 0);
});

test('document frequencies count images, not references', () => {
  const { frequency, imageCount } = documentFrequencies(tiny.references);
  assert.is(imageCount, 3);
  assert.is(frequency.get('a'), 3);
  assert.is(frequency.get('in the grass'), 1);
  assert.is(frequency.get('grass in'), undefined);
});

test('CIDEr-D with a given table', () => {
  const own = documentFrequencies(tiny.references);
  assert.equal(
    ciderD(tiny.hypotheses, tiny.references, { documentFrequencies: own }),
    ciderD(tiny.hypotheses, tiny.references),
  );
  // an empty table: every n-gram weighs ln(10), so an identical caption of four words has similarity 1 at every order
  const none = { frequency: new Map<string, number>(), imageCount: 10 };
  const same = ciderD([words('a b c d')], [[words('a b c d')]], { documentFrequencies: none }).ciderD;
  roundsTo(same, 10, { decimals: 9, what: 'identical' });
  // one word too many: cosine √(count ratio) at each order times exp(-1/72)
  const longer = ciderD([words('a b c d e')], [[words('a b c d')]], { documentFrequencies: none }).ciderD;
  const cosine = [4 / 5, 3 / 4, 2 / 3, 1 / 2].reduce((sum, share) => sum + Math.sqrt(share), 0) / 4;
  roundsTo(longer, 10 * cosine * Math.exp(-1 / 72), { decimals: 9, what: 'longer' });
});

test.run();
