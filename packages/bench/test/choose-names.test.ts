// Lists of names after a flag: order and mistakes.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { chooseNames } from '../src/commands/choose-names.ts';

const test = suite('choose names');

const names = ['matmul', 'layer-norm', 'softmax'] as const;
const choose = (list: string | undefined) => chooseNames(list, names, { flag: '--only', what: 'group' });

test('everything without a list', () => {
  assert.equal(choose(undefined), names);
});

test('names in the order of the table, spaces and doubles forgiven', () => {
  assert.equal(choose('softmax, matmul,softmax'), ['matmul', 'softmax']);
});

test('a wrong name gets the nearest right one', () => {
  try {
    choose('matmull');
    assert.unreachable();
  } catch (error) {
    const { message, cure, exitCode } = error as { message: string; cure: string; exitCode: number };
    assert.match(message, '--only: there is no group "matmull"');
    assert.is(cure, 'did you mean matmul?');
    assert.is(exitCode, 2);
  }
  assert.throws(() => choose(' , '), /needs a name/);
});

test.run();
