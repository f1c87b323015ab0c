// What loadTokenizer says of files that it cannot use.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { loadTokenizer, trainBpe, type TokenizerJson } from '../src/index.ts';

const test = suite('tokenizer.json');

function valid(flavour: 'gpt2' | 'clip' = 'gpt2'): TokenizerJson {
  return trainBpe({ texts: ['ab ab ab abc abc'], vocabSize: 600, flavour });
}

function changed(change: (json: Record<string, any>) => void): unknown {
  const json = structuredClone(valid()) as Record<string, any>;
  change(json);
  return json;
}

const malformed: [string, unknown, RegExp][] = [
  ['no object', null, /x\.json: expected a JSON object, got null/],
  ['an array', [], /got an array/],
  ['a vocab.json', { dog: 1 }, /"model" is missing; expected the tokenizer\.json/],
  [
    'another model',
    changed((json) => (json.model.type = 'WordPiece')),
    /model\.type is "WordPiece"; only byte-level "BPE"/,
  ],
  ['no vocab', changed((json) => delete json.model.vocab), /model\.vocab must be an object/],
  ['no merges', changed((json) => delete json.model.merges), /model\.merges must be an array/],
  [
    'not byte level',
    changed((json) => (json.pre_tokenizer = { type: 'Metaspace' })),
    /no ByteLevel pre-tokenizer/,
  ],
  [
    'a fractional id',
    changed((json) => (json.model.vocab.ab = 1.5)),
    /model\.vocab\["ab"\] is 1\.5, not a token id/,
  ],
  ['an id given twice', changed((json) => (json.model.vocab.zz = 0)), /id 0 is given to both "!" and "zz"/],
  [
    'a stranger',
    changed((json) => (json.model.vocab['▁dog'] = 300)),
    /token "▁dog" \(id 300\) has the character "▁"/,
  ],
  [
    'a one-part merge',
    changed((json) => json.model.merges.push('ab')),
    /model\.merges\[\d+\] is "ab"; expected/,
  ],
  [
    'a numeric merge',
    changed((json) => json.model.merges.push([1, 2])),
    /model\.merges\[\d+\] is \[1,2\]; expected/,
  ],
  [
    'a merge without token',
    changed((json) => json.model.merges.push('q q')),
    /\(q \+ q\) needs the token "qq", which model\.vocab lacks/,
  ],
  ['a missing byte', changed((json) => delete json.model.vocab['~']), /lacks the symbol "~" of byte 126/],
  [
    'nameless added token',
    changed((json) => json.added_tokens.push({ id: 9000 })),
    /added_tokens\[1\] needs a non-empty "content"/,
  ],
  [
    'a repeated added token',
    changed((json) => json.added_tokens.push(json.added_tokens[0])),
    /added_tokens\[1\] repeats "<\|endoftext\|>"/,
  ],
  [
    'contradictory ids',
    changed((json) => (json.added_tokens[0].id = 900)),
    /added token "<\|endoftext\|>" has id 900, but model\.vocab says \d+/,
  ],
];

malformed.push(
  [
    'a normalizer that the encoder does not know',
    changed((json) => (json.normalizer = { type: 'Whatever' })),
    /^x\.json: the encoder cannot use it: /,
  ],
  [
    'a pattern that would be passed over',
    changed((json) => (json.normalizer = { type: 'Replace', pattern: ' ', content: '' })),
    /the encoder cannot use it: the pattern of Replace is " "; \{"Regex": text\} or \{"String": text\}/,
  ],
);

for (const [what, json, message] of malformed) {
  test(`refuses ${what}`, () => {
    try {
      loadTokenizer(json, { name: 'x.json' });
    } catch (error) {
      assert.is((error as Error).name, 'TokenizerFileError');
      assert.match((error as Error).message, message);
      return;
    }
    assert.unreachable(`loaded ${what}`);
  });
}

test('accepts merges as pairs, files without a type and added tokens outside the vocabulary', () => {
  const json = structuredClone(valid('clip'));
  const plain = loadTokenizer(json).encode('abc ab');
  json.model.merges = json.model.merges.map((merge) => (merge as string).split(' ') as [string, string]);
  delete json.model.type;
  // Not even what other fields say tells the encoder which model it is.
  delete json.model.unk_token;
  json.added_tokens?.push({ id: 1000, content: '<pad>' });
  const tokenizer = loadTokenizer(json);
  assert.equal(tokenizer.encode('abc ab<pad>'), [...plain, 1000]);
  assert.is(tokenizer.vocabSize, 1001);
  assert.is(tokenizer.decode([1000], { skipSpecialTokens: true }), '<pad>', 'added but not special');
});

test('a byte may be missing where an unknown token stands in', () => {
  const json = structuredClone(valid());
  delete json.model.vocab['~'];
  json.model.unk_token = '<|endoftext|>';
  const tokenizer = loadTokenizer(json);
  assert.equal(tokenizer.encode('~'), [tokenizer.tokenToId('<|endoftext|>')]);
});

test.run();
