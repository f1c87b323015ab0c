// Token rows cut to the longest text, and where each text ends.
import * as assert from 'uvu/assert';
import { textInputs } from '@foreword/clip';
import { suite } from '@foreword/test-kit';

const test = suite('text inputs');
const end = 99;
const rows = Int32Array.from([98, 5, end, 0, 0, 0, 0, 0, 0, 0, 98, 7, 7, 7, end, 0, 0, 0, 0, 0]);

test('columns are cut to a multiple that holds the longest text', () => {
  const { tokens, ends, length } = textInputs(rows, 10, { multiple: 3 });
  assert.is(length, 6);
  assert.equal([...tokens], [98, 5, end, 0, 0, 0, 98, 7, 7, 7, end, 0]);
  assert.equal([...ends], [2, 10]);
});

test('never more columns than the context has', () => {
  const { tokens, ends, length } = textInputs(rows, 10, { multiple: 8 });
  assert.is(length, 8);
  assert.equal([...ends], [2, 12]);
  assert.is(textInputs(rows, 10, { multiple: 16 }).length, 10);
  assert.is(tokens.length, 16);
});

test('padding that repeats the end token does not move the end', () => {
  const padded = Int32Array.from([98, 5, end, end, end, end]);
  assert.equal([...textInputs(padded, 6, { multiple: 1 }).ends], [2]);
});

test('incomplete rows are refused', () => {
  assert.throws(() => textInputs(rows, 7), /20 ids are no whole number of rows of 7/);
  assert.is(textInputs(new Int32Array(0), 7).tokens.length, 0);
});

test.run();
