// Noun phrases: what is found, and that each is as true of the scene as the caption it comes from.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { captionScene, checkCaption, createRandom, describeScene, nounPhrases } from '../src/index.ts';

const test = suite('noun phrases');

test('number, size, colour and kind belong to it; places and bare kinds do not', () => {
  assert.equal(nounPhrases('A pair of big red stars above a blue box.'), [
    'A pair of big red stars',
    'a blue box',
  ]);
  assert.equal(nounPhrases('Four violet crescents, an orange disc and a star on the sand'), [
    'Four violet crescents',
    'an orange disc',
  ]);
  assert.equal(nounPhrases('The stars are red.'), []);
  assert.equal(nounPhrases('A redder starling.'), []);
});

test('those of true captions name one pair each, and it is in the scene', () => {
  let found = 0;
  for (let index = 0; index < 60; index++) {
    const scene = describeScene({ seed: 1, split: 'train', index });
    const phrases = captionScene(scene, createRandom(index)).flatMap(nounPhrases);
    assert.ok(phrases.length > 0);
    for (const text of phrases) {
      const { pairs, correct } = checkCaption(text, scene);
      assert.is(pairs.length, 1, text);
      assert.ok(correct, text);
      found++;
    }
  }
  assert.ok(found > 300);
});

test.run();
