// Phrases of a batch: true of their own picture, wrong beside it, and marked where they fit another one.
import { captionScene, checkCaption, createRandom, describeScene } from '@foreword/scenes';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { phraseBatch } from '../src/pretrain/phrase-batch.ts';

const test = suite('phrase batch');
const B = 48;
const examples = Array.from({ length: B }, (_, index) => {
  const scene = describeScene({ seed: 1, split: 'train', index });
  return { id: index, path: '', captions: captionScene(scene, createRandom(index)), scene };
});

test('the first half is true of its picture, the second wrong', () => {
  const { texts } = phraseBatch(examples, 7);
  assert.is(texts.length, 2 * B);
  texts.forEach((text, j) => assert.is(checkCaption(text, examples[j % B].scene).correct, j < B, text));
});

test('a text that fits another picture is marked there, and its own picture is not', () => {
  const { texts, alsoFits } = phraseBatch(examples, 7);
  let marked = 0;
  for (let i = 0; i < B; i++) {
    texts.forEach((text, j) => {
      const isMarked = alsoFits[i * 2 * B + j] === 1;
      assert.is(isMarked, j !== i && checkCaption(text, examples[i].scene).correct, `${i} ${text}`);
      if (isMarked) marked++;
    });
  }
  assert.ok(marked > 20, `${marked}`);
});

test('the seed decides', () => {
  assert.equal(phraseBatch(examples, 1), phraseBatch(examples, 1));
  assert.not.equal(phraseBatch(examples, 1).texts, phraseBatch(examples, 2).texts);
});

test.run();
