// What --ending trains on and stops at.
import type { CommandError } from '@foreword/cli-kit';
import { suite } from '@foreword/test-kit';
import { loadTokenizer, trainBpe } from '@foreword/tokenizer';
import * as assert from 'uvu/assert';
import { captionEndings, type Ending } from '../src/train/endings.ts';

const test = suite('endings');
const texts = ['A red square.', 'This square is blue.'];
const tokenizer = loadTokenizer(trainBpe({ texts, vocabSize: 280, flavour: 'gpt2' }));
const end = 279;
const [dot] = tokenizer.encode('.');

const trained = (ending: Ending, caption: string): string =>
  captionEndings(ending, { tokenizer, end })
    .tokensOf(caption)
    .map((id) => (id === end ? '<end>' : tokenizer.decode([id])))
    .join('');

test('captions are trained as they are, with the end token for the full stop, or with both', () => {
  const captions = ['A red square.', 'A red square', 'A red square . ', 'Red!', '...'];
  assert.equal(
    captions.map((caption) => trained('dot', caption)),
    captions,
  );
  assert.equal(
    captions.map((caption) => trained('eos', caption)),
    ['A red square<end>', 'A red square<end>', 'A red square<end>', 'Red!<end>', '...<end>'],
  );
  assert.equal(
    ['A red square.', 'A red square', 'Red!'].map((caption) => trained('both', caption)),
    ['A red square.<end>', 'A red square.<end>', 'Red!<end>'],
  );
});

test('a full stop ends captions of `dot` only', () => {
  const stops = (ending: Ending): number[] => captionEndings(ending, { tokenizer, end }).stopTokens;
  assert.equal(stops('dot'), [dot, end]);
  assert.equal(stops('eos'), [end]);
  assert.equal(stops('both'), [end]);
});

test('an end token that is the padding cannot be learned', () => {
  assert.throws(
    () => captionEndings('eos', { tokenizer, end: 0 }),
    (error: CommandError) =>
      /end token is 0, the id that pads/.test(error.message) && /dot/.test(error.cure!),
  );
  assert.equal(captionEndings('dot', { tokenizer, end: 0 }).stopTokens, [dot, 0]);
});

test.run();
