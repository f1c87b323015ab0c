// allClose and relativeError: tolerance rule, worst place, special values.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { allClose, findWorst, relativeError } from '../src/index.ts';

// uvu's assert.throws lets assertions through, so their messages are taken by hand.
function messageOf(run: () => void): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was thrown';
}

test('passes at the tolerance and fails just beyond it', () => {
  allClose([1.5], [1], { rtol: 0, atol: 0.5 });
  allClose([3], [2], { rtol: 0.5, atol: 0 });
  assert.match(
    messageOf(() => allClose([1.500001], [1], { rtol: 0, atol: 0.5 })),
    '1 of 1 elements miss',
  );
  assert.match(
    messageOf(() => allClose([3.000001], [2], { rtol: 0.5, atol: 0 })),
    '1 of 1 elements miss',
  );
});

test('names the worst index, both values and the number of misses', () => {
  const expected = Float32Array.of(1, 2, 3, 4, 5, 6);
  const actual = Float32Array.of(1, 2.5, 3, 4, 9, 6);
  const message = messageOf(() => allClose(actual, expected, { label: 'dx', shape: [2, 3] }));
  assert.is(
    message,
    'dx: 2 of 6 elements miss rtol 0.00001, atol 0.000001; worst at index 4 [1, 1]: ' +
      'actual 9, expected 5, difference 4.00',
  );
});

test('NaN is the worst miss, equal infinities agree', () => {
  assert.equal(findWorst([100, NaN, 1], [1, 2, 1]).worstIndex, 1);
  assert.is(findWorst([100, NaN, 1], [1, 2, 1]).misses, 2);
  allClose([Infinity, -Infinity], [Infinity, -Infinity]);
  assert.is(findWorst([Infinity], [-Infinity]).misses, 1);
  assert.is(findWorst([5], [Infinity]).misses, 1);
  assert.is(findWorst([NaN], [NaN]).misses, 1);
  assert.is(findWorst([NaN], [NaN], { equalNaN: true }).misses, 0);
});

test('different lengths and empty arrays', () => {
  assert.match(
    messageOf(() => allClose([1], [1, 2], { label: 'x' })),
    'x: 1 elements, expected 2',
  );
  allClose([], []);
});

test('relativeError is the norm of the difference over the norm', () => {
  assert.is(relativeError([3, 4], [0, 0]), 5);
  assert.is(relativeError([3, 4.5], [3, 4]), 0.1);
  assert.is(relativeError([NaN, 4], [3, 4]), Infinity);
  assert.throws(() => relativeError([1], [1, 2]), /lengths differ/);
});

test.run();
