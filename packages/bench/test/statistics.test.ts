// Medians, paired ratios and rates.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { billionsPerSecond, median, pairedRatio, summariseTimings } from '../src/report/statistics.ts';

const test = suite('statistics');

test('the median sorts by value, not as text, and leaves its argument alone', () => {
  const values = [100, 9, 20];
  assert.is(median(values), 20);
  assert.equal(values, [100, 9, 20]);
  assert.is(median([4, 1, 3, 2]), 2.5);
  assert.is(median([7]), 7);
});

test('no values have no median', () => {
  assert.throws(() => median([]), /no values/);
});

test('a summary has median, extremes and count', () => {
  assert.equal(summariseTimings([3, 1, 8]), { medianMs: 3, minMs: 1, maxMs: 8, n: 3 });
});

test('a paired ratio is taken pair by pair', () => {
  // The second pair ran while the machine was ten times slower: the ratio of medians would be 4, not 2.
  assert.equal(pairedRatio([2, 30, 4], [1, 10, 2]), { median: 2, min: 2, max: 3, n: 3 });
  assert.throws(() => pairedRatio([1, 2], [1]), /pairs are needed/);
});

test('rates are per second, in billions', () => {
  assert.is(billionsPerSecond(2e9, 1000), 2);
  assert.is(billionsPerSecond(0, 5), undefined);
  assert.is(billionsPerSecond(5, 0), undefined);
});

test.run();
