// CLIP's cleaning and its padded blocks of ids.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { cleanClipText, clipTokenize, loadTokenizer, trainBpe } from '../src/index.ts';
import { clipExcerpt, CLIP_IDS, gpt2Excerpt } from './golden-excerpts.ts';
import { sampleCaptions } from './sample-captions.ts';

const test = suite('clip tokenize');
const clip = loadTokenizer(clipExcerpt());

test('rows are start, ids, end and zeros up to 77', () => {
  const block = clipTokenize(
    clip,
    CLIP_IDS.map(([text]) => text),
  );
  assert.instance(block, Int32Array);
  assert.is(block.length, CLIP_IDS.length * 77);
  CLIP_IDS.forEach(([text, ids], row) => {
    const expected = [49406, ...ids.split(' ').map(Number), 49407];
    const padded = [...expected, ...Array.from({ length: 77 - expected.length }, () => 0)];
    assert.equal([...block.subarray(row * 77, (row + 1) * 77)], padded, text);
  });
});

test('a text that does not fit is refused by name, or cut with the end token last', () => {
  const texts = ['a dog', 'a dog a cat a dog'];
  assert.throws(
    () => clipTokenize(clip, texts, { contextLength: 7 }),
    /text 1 has 8 tokens with start and end, but the context holds 7; shorten it or pass truncate: true \(text: "a dog a cat a dog"\)/,
  );
  assert.equal(
    [...clipTokenize(clip, texts, { contextLength: 7, truncate: true })],
    [49406, 320, 1929, 49407, 0, 0, 0, 49406, 320, 1929, 320, 2368, 320, 49407],
  );
  assert.is(
    clipTokenize(clip, [texts[1]], { contextLength: 8 }).at(-1),
    49407,
    'an exact fit is no overflow',
  );
});

test('of a text longer than 77, the start, 75 ids and the end token are kept', () => {
  const long = 'a dog '.repeat(60);
  assert.throws(() => clipTokenize(clip, [long]), /text 0 has 122 tokens .* the context holds 77/);
  const row = [...clipTokenize(clip, [long], { truncate: true })];
  assert.is(row.length, 77);
  assert.equal([row[0], row[75], row[76]], [49406, 320, 49407]);
  assert.equal(row.slice(1, 76), clip.encode(long).slice(0, 75));

  const fits = `${'a dog '.repeat(37)}a`; // 75 ids
  const whole = clipTokenize(clip, [fits]);
  assert.is(whole[76], 49407);
  assert.equal(whole, clipTokenize(clip, [fits], { truncate: true }));
  assert.throws(() => clipTokenize(clip, [`${fits} dog`]), /has 78 tokens/);
});

test('special tokens in a text become their ids, in any case of letters, because the cleaning comes first', () => {
  const row = clipTokenize(clip, ['a<|endoftext|>dog <|STARTOFTEXT|> a'], { contextLength: 9 });
  assert.equal([...row], [49406, 320, 49407, 1929, 49406, 320, 49407, 0, 0]);
});

test('padding, empty input and wrong use', () => {
  assert.equal(
    [...clipTokenize(clip, [''], { contextLength: 4, padId: 49407 })],
    [49406, 49407, 49407, 49407],
  );
  assert.is(clipTokenize(clip, []).length, 0);
  assert.throws(() => clipTokenize(clip, ['a'], { contextLength: 1 }), /contextLength is 1/);
  assert.throws(
    () => clipTokenize(loadTokenizer(gpt2Excerpt()), ['a']),
    /no CLIP tokenizer: it lacks <\|startoftext\|>/,
  );
});

test('the end token of a trained vocabulary has the largest id, so that the tower finds it', () => {
  const tokenizer = loadTokenizer(trainBpe({ texts: sampleCaptions(300), vocabSize: 800, flavour: 'clip' }));
  const row = clipTokenize(tokenizer, ['A red circle above a blue square.'], { contextLength: 20 });
  assert.is(Math.max(...row), tokenizer.vocabSize - 1);
  assert.is(tokenizer.idToToken(Math.max(...row)), '<|endoftext|>');
  assert.is(row.indexOf(tokenizer.vocabSize - 1), 9);
});

test('cleans as OpenAI does', () => {
  const cases: [string, string][] = [
    ['  A\tDog \n runs\u00a0', 'a dog runs'],
    ['It’s ‘one’ “two” ‛x‟', "it's 'one' \"two\" 'x\""],
    ['&amp;lt;b&amp;gt; &eacute;&#233;&#xe9; &nbsp;x', '<b> ééé x'],
    ['<b>&amp;amp;</b>', '<b>&</b>'],
    ['ﬁsh ĳs ﬂy', 'fish ijs fly'],
    ['ＡＢＣ　１２', 'abc 12'],
    ['a\u0000b\u001b[31mc\ufeffd\u0093e\u0094', 'abcd"e"'],
    ['e\u0301', 'é'],
    ['a\u0085b', 'a…b'],
    ['', ''],
  ];
  for (const [text, cleaned] of cases) assert.is(cleanClipText(text), cleaned, JSON.stringify(text));
});

test.run();
