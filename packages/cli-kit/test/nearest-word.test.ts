// Edit distance on known pairs, and which words count as near.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { editDistance, nearestWord } from '../src/index.ts';

const test = suite('nearest word');

test('edit distance', () => {
  const pairs: [string, string, number][] = [
    ['', '', 0],
    ['abc', '', 3],
    ['kitten', 'sitting', 3],
    ['mapper', 'mappre', 1],
    ['ca', 'abc', 3],
    ['lr', 'lr', 0],
  ];
  for (const [a, b, distance] of pairs) {
    assert.is(editDistance(a, b), distance, `${a} → ${b}`);
    assert.is(editDistance(b, a), distance, `${b} → ${a}`);
  }
});

test('the nearest word, or none when all are far', () => {
  const words = ['epochs', 'batch', 'lr', 'prefix-length'];
  assert.is(nearestWord('epcohs', words), 'epochs');
  assert.is(nearestWord('prefix', words), 'prefix-length');
  assert.is(nearestWord('EPOCHS', words), 'epochs');
  assert.is(nearestWord('temperature', words), undefined);
  assert.is(nearestWord('x', words), undefined);
  assert.is(nearestWord('x', []), undefined);
});

test.run();
