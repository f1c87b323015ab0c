// The trainer: which merges it learns, in which order, and the files it writes.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { loadTokenizer, trainBpe } from '../src/index.ts';
import { sampleCaptions } from './sample-captions.ts';

const test = suite('train BPE');

test('learns the merges of the classic example, ties by spelling', () => {
  const words = { low: 5, lower: 2, newest: 6, widest: 3 };
  const texts = Object.entries(words).flatMap(([word, count]) => Array.from({ length: count }, () => word));
  const { model } = trainBpe({ texts, vocabSize: 257 + 10, flavour: 'gpt2' });
  // 9: e+s = es, es+t, s+t (tie: "e s" spells first); then es+t 9; 7: l+o before o+w; lo+w 7; 6: e+w, …
  assert.equal(model.merges, [
    'e s',
    'es t',
    'l o',
    'lo w',
    'e w',
    'ew est',
    'n ewest',
    'd est',
    'i dest',
    'w idest',
  ]);
  assert.is(model.vocab.es, 256);
  assert.is(model.vocab.widest, 265);
  assert.is(model.vocab['<|endoftext|>'], 266);
});

test('the result does not depend on the order of the texts, and is the same again', () => {
  const texts = sampleCaptions(400);
  for (const flavour of ['gpt2', 'clip'] as const) {
    const first = JSON.stringify(trainBpe({ texts, vocabSize: 800, flavour }));
    assert.is(JSON.stringify(trainBpe({ texts, vocabSize: 800, flavour })), first);
    assert.is(JSON.stringify(trainBpe({ texts: [...texts].reverse(), vocabSize: 800, flavour })), first);
  }
});

test('every frequent word becomes one token when the vocabulary has room', () => {
  const texts = sampleCaptions(2000);
  const gpt2 = loadTokenizer(trainBpe({ texts, vocabSize: 2000, flavour: 'gpt2' }));
  const clip = loadTokenizer(trainBpe({ texts, vocabSize: 2000, flavour: 'clip' }));
  for (const word of ['red', 'circle', 'triangle', 'above']) {
    assert.is(gpt2.encode(` ${word}`).length, 1, word);
    assert.is(clip.encode(word).length, 1, word);
  }
  assert.is(gpt2.encode('A red circle above a blue square.').length, 8);
  assert.is(gpt2.vocabSize < 2000, true, 'stops when nothing is left to merge');
  assert.is(gpt2.tokenToId('<|endoftext|>'), gpt2.vocabSize - 1);
  assert.is(clip.tokenToId('<|startoftext|>'), clip.vocabSize - 2);
  assert.is(clip.tokenToId('<|endoftext|>'), clip.vocabSize - 1);
});

test('vocabSize is exact while pairs last, and byte ids are those of GPT-2 and CLIP', () => {
  const gpt2 = loadTokenizer(trainBpe({ texts: sampleCaptions(300), vocabSize: 300, flavour: 'gpt2' }));
  assert.is(gpt2.vocabSize, 300);
  assert.equal(
    ['!', '.', 'A', '\n'].map((text) => gpt2.encode(text)),
    [[0], [13], [32], [198]],
  );
  const clip = loadTokenizer(trainBpe({ texts: sampleCaptions(300), vocabSize: 600, flavour: 'clip' }));
  assert.is(clip.vocabSize, 600);
  assert.equal(clip.encode('.!'), [13, 256], 'a word-final symbol is 256 further on');
});

test('merges stay inside words, and special tokens in the texts are not learnt', () => {
  const json = trainBpe({
    texts: Array.from({ length: 20 }, () => 'a b<|endoftext|>a b'),
    vocabSize: 400,
    flavour: 'gpt2',
  });
  assert.equal(json.model.merges, ['Ġ b']);
});

test('overlapping repeats are merged as the encoder merges them', () => {
  const json = trainBpe({
    texts: ['aaaaa', 'aaaa', 'aaa', 'baaab'],
    vocabSize: 300,
    flavour: 'gpt2',
    minFrequency: 1,
  });
  const tokenizer = loadTokenizer(json);
  assert.is(tokenizer.encode('aaaaa').length, 1);
  assert.is(tokenizer.decode(tokenizer.encode('aaaaaaaab')), 'aaaaaaaab');
  assert.is(new Set(Object.values(json.model.vocab)).size, Object.keys(json.model.vocab).length);
});

test('no texts give the bare alphabet, which still encodes everything', () => {
  const tokenizer = loadTokenizer(trainBpe({ texts: [], vocabSize: 5000, flavour: 'gpt2' }));
  assert.is(tokenizer.vocabSize, 257);
  assert.is(tokenizer.decode(tokenizer.encode('안녕 🙂')), '안녕 🙂');
});

test('refuses a vocabulary too small for the bytes, and unknown flavours', () => {
  assert.throws(
    () => trainBpe({ texts: [], vocabSize: 256, flavour: 'gpt2' }),
    /vocabSize is 256; gpt2 needs at least 257/,
  );
  assert.throws(() => trainBpe({ texts: [], vocabSize: 513, flavour: 'clip' }), /clip needs at least 514/);
  assert.throws(
    () => trainBpe({ texts: [], vocabSize: 999, flavour: 'bert' as 'clip' }),
    /flavour is "bert"/,
  );
});

test.run();
