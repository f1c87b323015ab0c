// Encoding, decoding and streaming: true GPT-2 and CLIP ids on excerpts, random Unicode on trained vocabularies.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { loadTokenizer, trainBpe } from '../src/index.ts';
import { clipExcerpt, CLIP_IDS, GPT2_IDS, gpt2Excerpt } from './golden-excerpts.ts';
import { plainBpe } from './plain-bpe.ts';
import { randomText, sampleCaptions, seededRandom } from './sample-captions.ts';

const test = suite('tokenizer');

test('gives the ids of the full GPT-2 vocabulary, and the text back', () => {
  const gpt2 = loadTokenizer(gpt2Excerpt());
  for (const [text, ids] of GPT2_IDS) {
    assert.is(gpt2.encode(text).join(' '), ids, text);
    assert.is(gpt2.decode(gpt2.encode(text)), text);
  }
  assert.is(gpt2.vocabSize, 50257);
  assert.is(gpt2.tokenToId('Ġdog'), 3290);
  assert.is(gpt2.idToToken(3290), 'Ġdog');
  assert.is(gpt2.tokenToId('no such token'), undefined);
});

test('finds special tokens anywhere in the text', () => {
  const gpt2 = loadTokenizer(gpt2Excerpt());
  assert.equal(gpt2.encode('a dog<|endoftext|>A dog<|endoftext|>'), [64, 3290, 50256, 32, 3290, 50256]);
  assert.is(gpt2.decode([64, 3290, 50256, 13]), 'a dog<|endoftext|>.');
  assert.is(gpt2.decode([64, 3290, 50256, 13], { skipSpecialTokens: true }), 'a dog.');
  const clip = loadTokenizer(clipExcerpt());
  assert.equal(clip.encode('a<|endoftext|>dog'), [320, 49407, 1929]);
});

test('adds the start and end tokens of the file only when asked', () => {
  const clip = loadTokenizer(clipExcerpt());
  assert.equal(clip.encode('A dog'), [320, 1929]);
  assert.equal(clip.encode('A dog', { addSpecialTokens: true }), [49406, 320, 1929, 49407]);
  assert.is(clip.decode([49406, 320, 1929, 49407], { skipSpecialTokens: true }), 'a dog ');
  const gpt2 = loadTokenizer(gpt2Excerpt());
  assert.equal(gpt2.encode('a dog', { addSpecialTokens: true }), [64, 3290]);
});

test('cleanUpSpaces removes spaces before punctuation and contractions', () => {
  const gpt2 = loadTokenizer(gpt2Excerpt());
  const ids = gpt2.encode("A dog , a dog . It 's ! ? don n't we 've ' so ' .");
  assert.is(gpt2.decode(ids), "A dog , a dog . It 's ! ? don n't we 've ' so ' .");
  assert.is(gpt2.decode(ids, { cleanUpSpaces: true }), "A dog, a dog. It's!? donn't we've'so '.");
});

test('word-final tokens of CLIP decode with a space, and "</w>" in a text stays what it is', () => {
  const clip = loadTokenizer(clipExcerpt());
  assert.is(clip.decode(clip.encode('a dog')), 'a dog ');
  assert.is(clip.decode(clip.encode('</w>')), '</ w > ');
});

test('empty text has no ids and no ids are the empty text', () => {
  const gpt2 = loadTokenizer(gpt2Excerpt());
  assert.equal(gpt2.encode(''), []);
  assert.is(gpt2.decode([]), '');
});

test('takes any iterable of ids and refuses ids outside the vocabulary', () => {
  const gpt2 = loadTokenizer(gpt2Excerpt());
  assert.is(gpt2.decode(Int32Array.of(64, 3290)), 'a dog');
  assert.throws(() => gpt2.decode([64, 50257]), /token id 50257 is outside the vocabulary \(50257 ids\)/);
  assert.throws(() => gpt2.decode([-1]), /token id -1 is outside/);
});

test('the stream holds back bytes of an unfinished character', () => {
  const gpt2 = loadTokenizer(gpt2Excerpt());
  const stream = gpt2.stream();
  assert.equal(
    [168, 243, 230, 167, 227, 243, 13].map((id) => stream.push(id)),
    ['', '', '안', '', '', '녕', '.'],
  );
  assert.is(stream.end(), '');
  assert.is(stream.push([168, 243]), '');
  assert.is(stream.end(), '\ufffd');
  assert.is(stream.push(64), 'a', 'usable anew after end()');
});

for (const flavour of ['gpt2', 'clip'] as const) {
  test(`random Unicode through a trained ${flavour} vocabulary`, () => {
    const json = trainBpe({ texts: sampleCaptions(500), vocabSize: 900, flavour });
    const tokenizer = loadTokenizer(json);
    const random = seededRandom(7);
    for (let i = 0; i < 300; i++) {
      const text = randomText(random, 40);
      const ids = tokenizer.encode(text);
      // CLIP's file normalises the case, the form and the spaces; its decoder puts a space after each word.
      // U+0085 is a space in the file's patterns, not in JavaScript's.
      const bare = (s: string) =>
        s
          .normalize('NFC')
          .toLowerCase()
          .replace(/[\s\u0085]+/gu, '')
          .normalize('NFC');
      const decoded = tokenizer.decode(ids);
      if (flavour === 'gpt2') assert.is(decoded, text);
      else assert.is(bare(decoded), bare(text));
      assert.is(
        ids.every((id) => Number.isInteger(id) && id >= 0 && id < tokenizer.vocabSize),
        true,
      );
    }
  });

  test(`the stream of any ids of a ${flavour} vocabulary is their decode`, () => {
    const tokenizer = loadTokenizer(trainBpe({ texts: sampleCaptions(500), vocabSize: 700, flavour }));
    const random = seededRandom(11);
    for (let i = 0; i < 200; i++) {
      // Mostly byte symbols, so that characters break in every way, with special tokens among them.
      const ids = Array.from({ length: 30 }, () =>
        Math.floor(
          random() < 0.1 ? tokenizer.vocabSize - 1 : random() * (random() < 0.8 ? 256 : tokenizer.vocabSize),
        ),
      );
      for (const skipSpecialTokens of [false, true]) {
        const stream = tokenizer.stream({ skipSpecialTokens });
        const pieces = ids.map((id) => stream.push(id)).join('') + stream.end();
        assert.is(pieces, tokenizer.decode(ids, { skipSpecialTokens }));
        if (skipSpecialTokens) assert.not.match(pieces, /<\|endoftext\|>/);
      }
    }
  });

  test(`the encoder agrees with plain BPE on random words, ${flavour}`, () => {
    const json = trainBpe({ texts: sampleCaptions(500), vocabSize: 900, flavour, minFrequency: 1 });
    const tokenizer = loadTokenizer(json);
    const random = seededRandom(13);
    for (let i = 0; i < 400; i++) {
      // Words from few letters meet many merges, also overlapping ones such as a+a in "aaa".
      const word = Array.from(
        { length: 1 + Math.floor(random() * 14) },
        () => 'aeirlqst'[Math.floor(random() * 8)],
      ).join('');
      assert.equal(tokenizer.encode(word), plainBpe(word, json), word);
    }
  });
}

test('spaces and capitals are those of Unicode and of the Rust tokenizers, not of JavaScript', () => {
  // U+FEFF is no space: it goes with the one before it. U+0085 is one: it does not.
  const texts = Array.from({ length: 9 }, () => ' \ufeff \u0085x');
  const gpt2 = loadTokenizer(trainBpe({ texts, vocabSize: 300, flavour: 'gpt2' }));
  assert.equal(
    gpt2.encode(' \ufeff \u0085x').map((id) => gpt2.decode([id])),
    [' \ufeff', ' ', '\u0085', 'x'],
  );
  const clip = loadTokenizer(trainBpe({ texts: [], vocabSize: 514, flavour: 'clip' }));
  const wordEnds = (text: string) => clip.encode(text).filter((id) => id >= 256).length;
  assert.is(wordEnds('‰\ufeff‰'), 1);
  assert.is(wordEnds('‰\u0085‰'), 2);
  assert.is(clip.decode(clip.encode('ΑΣ')), 'ασ ');
});

test('CLIP ids of cleaned texts are those of the full vocabulary', () => {
  const clip = loadTokenizer(clipExcerpt());
  const plain = CLIP_IDS.filter(([text]) => !/[’&]| {2}/.test(text));
  assert.is(plain.length, 9);
  for (const [text, ids] of plain) assert.is(clip.encode(text).join(' '), ids, text);
});

test.run();
