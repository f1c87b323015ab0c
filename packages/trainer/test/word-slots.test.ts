// Captions in parts and parts in slots: no word is lost, none invented, and the targets begin at the last slot.
import { suite } from '@foreword/test-kit';
import { loadTokenizer, trainBpe } from '@foreword/tokenizer';
import * as assert from 'uvu/assert';
import { seededRandom } from '../src/data/random.ts';
import {
  behindSlots,
  captionParts,
  countWords,
  fillSlots,
  slotCaptionLength,
} from '../src/pretrain/word-slots.ts';

const test = suite('word slots');
const caption = 'A small red star above two blue boxes on the beach.';
const tokenizer = loadTokenizer(
  trainBpe({ texts: [caption, caption.toLowerCase()], vocabSize: 300, flavour: 'gpt2' }),
);
const sorted = (ids: number[]): number[] => [...ids].sort((a, b) => a - b);

test('the parts are the noun phrases and the rest', () => {
  const texts = captionParts(caption, tokenizer).map((ids) => tokenizer.decode(ids));
  assert.equal(texts, [' a small red star', ' two blue boxes', ' above on the beach.']);
});

test('a caption without noun phrases is one part, one of phrases alone has no rest', () => {
  assert.is(captionParts('The beach.', tokenizer).length, 1);
  assert.is(captionParts('two blue boxes', tokenizer).length, 1);
});

test('each part is in a slot of its own where there are enough, and slots hold nothing else', () => {
  const parts = [[1, 2], [3], [4, 5, 6]];
  const texts = parts.map(String);
  const emptyCounts = new Set<number>();
  for (let seed = 0; seed < 50; seed++) {
    const slots = fillSlots(parts, 10, seededRandom(seed));
    assert.is(slots.length, 10);
    const filled = slots.filter((slot) => slot.length > 0);
    for (const slot of filled) assert.ok(texts.includes(String(slot)), String(slot));
    assert.is(new Set(filled.map(String)).size, 3);
    emptyCounts.add(10 - filled.length);
  }
  assert.ok(emptyCounts.has(0) && emptyCounts.has(7), 'between no slot and all but three stay empty');
});

test('fewer slots than parts hold all of them together', () => {
  const parts = [[1, 2], [3], [4, 5, 6]];
  for (let seed = 0; seed < 10; seed++) {
    assert.equal(sorted(fillSlots(parts, 1, seededRandom(seed)).flat()), [1, 2, 3, 4, 5, 6]);
    const two = fillSlots(parts, 2, seededRandom(seed));
    assert.equal(sorted(two.flat()), [1, 2, 3, 4, 5, 6]);
    assert.ok(two.every((slot) => slot.length > 0));
  }
});

test('words are counted by slot', () => {
  const counts = countWords(
    [
      [[2, 2, 0], []],
      [[1], [3]],
    ],
    4,
  );
  assert.equal([...counts], [1, 0, 2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
});

test('the last slot is followed by the first word, the last word by the end token', () => {
  const T = slotCaptionLength;
  const long = Array.from({ length: T + 5 }, (_, i) => 10 + i);
  const { ids, targets } = behindSlots([[7, 8], long], { P: 3, end: 99 });
  assert.equal(Array.from(ids.subarray(0, 4)), [7, 8, 0, 0]);
  assert.equal(Array.from(targets.subarray(0, 6)), [0, 0, 7, 8, 99, 0]);
  assert.equal(Array.from(ids.subarray(T)), long.slice(0, T));
  // A caption that is cut ends with its next word, not with an end it does not have.
  assert.equal(Array.from(targets.subarray(3 + T)), [0, 0, ...long.slice(0, T + 1)]);
  assert.is(ids.length, 2 * T);
  assert.is(targets.length, 2 * (3 + T));
});

test.run();
