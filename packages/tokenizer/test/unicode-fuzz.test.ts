// Random Unicode both ways: combining marks, emoji, CJK, control characters, halves of surrogate pairs, special tokens.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { cleanClipText, loadTokenizer } from '../src/index.ts';
import { clipExcerpt, CLIP_IDS, gpt2Excerpt } from './golden-excerpts.ts';
import { randomHostileText, randomText, seededRandom } from './sample-captions.ts';
import { assertExactRoundTrip, assertStableIds } from './unicode-round-trip.ts';

const test = suite('unicode fuzz');
const gpt2 = loadTokenizer(gpt2Excerpt());
const clip = loadTokenizer(clipExcerpt());

test('GPT-2 gives every text back', () => {
  const random = seededRandom(21);
  for (let i = 0; i < 300; i++) assertExactRoundTrip(gpt2, randomText(random, 40));
  for (let i = 0; i < 300; i++) assertExactRoundTrip(gpt2, randomHostileText(random, 40));
});

test('what CLIP decodes has the same ids again', () => {
  const random = seededRandom(22);
  for (let i = 0; i < 300; i++) assertStableIds(clip, randomText(random, 40));
  for (let i = 0; i < 300; i++) assertStableIds(clip, randomHostileText(random, 40));
  for (const [text, ids] of CLIP_IDS) {
    assertStableIds(clip, text);
    assert.is(clip.encode(clip.decode(ids.split(' ').map(Number))).join(' '), ids);
  }
});

test('every code point of the first plane, alone and before a letter', () => {
  for (let from = 0; from < 0x10000; from += 64) {
    const points = Array.from({ length: 64 }, (_, i) => String.fromCharCode(from + i));
    assertExactRoundTrip(gpt2, `${points.join('')} ${points.join('a')}`);
    assertStableIds(clip, points.join(' a'));
  }
});

test('half a surrogate pair is U+FFFD', () => {
  assert.equal(gpt2.encode('a\ud800'), gpt2.encode('a\ufffd'));
  assert.is(gpt2.decode(gpt2.encode('\ude42\ud83d')), '\ufffd\ufffd');
  assert.is(gpt2.decode(gpt2.encode('\ud83d\ude42')), '🙂');
  assert.equal(clip.encode(cleanClipText('A \udc00 dog')), clip.encode('a \ufffd dog'));
});

test.run();
