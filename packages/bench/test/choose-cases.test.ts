// --only: names, order and mistakes.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { chooseCases } from '../src/cases/choose-cases.ts';
import { caseNames } from '../src/cases/index.ts';

const test = suite('choose cases');

test('everything without a list', () => {
  assert.equal(chooseCases(undefined), caseNames);
});

test('names in the order of the table, spaces and doubles forgiven', () => {
  assert.equal(chooseCases('softmax, matmul,softmax'), ['matmul', 'softmax']);
});

test('a wrong name gets the nearest right one', () => {
  try {
    chooseCases('matmull');
    assert.unreachable();
  } catch (error) {
    const { message, cure, exitCode } = error as { message: string; cure: string; exitCode: number };
    assert.match(message, 'no group "matmull"');
    assert.is(cure, 'did you mean matmul?');
    assert.is(exitCode, 2);
  }
  assert.throws(() => chooseCases(' , '), /needs a name/);
});

test.run();
