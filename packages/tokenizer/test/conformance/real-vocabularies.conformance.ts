// GPT-2's and CLIP's real vocabularies against their published ids; needs the data folder, says so without it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { clipTokenize, loadTokenizer, type TokenizerJson } from '../../src/index.ts';
import { CLIP_IDS, GPT2_IDS } from '../golden-excerpts.ts';
import { plainBpe } from '../plain-bpe.ts';
import { randomHostileText, randomText, seededRandom } from '../sample-captions.ts';
import { assertExactRoundTrip, assertStableIds } from '../unicode-round-trip.ts';

interface Golden {
  name: string;
  text: string;
  tokens: string[];
  ids: number[];
  decoded: string;
}

const data =
  process.env.FOREWORD_TEST_DATA ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
const folder = join(data, 'tokenizers');
const test = suite('real vocabularies');

function readJson(...path: string[]): unknown {
  return JSON.parse(readFileSync(join(folder, ...path), 'utf8'));
}

if (existsSync(folder)) {
  for (const flavour of ['gpt2', 'clip'] as const) {
    const json = readJson(flavour, 'tokenizer.json') as TokenizerJson;
    const tokenizer = loadTokenizer(json, { name: `${flavour}/tokenizer.json` });

    for (const golden of readJson(`golden-${flavour}.json`) as Golden[]) {
      test(`${flavour} ${golden.name}`, () => {
        const ids = tokenizer.encode(golden.text, { addSpecialTokens: true });
        assert.equal(ids, golden.ids);
        const inner = flavour === 'clip' ? ids.slice(1, -1) : ids;
        assert.equal(
          inner.map((id) => tokenizer.idToToken(id)),
          golden.tokens,
        );
        assert.is(tokenizer.decode(ids, { cleanUpSpaces: true }), golden.decoded);
        const stream = tokenizer.stream();
        assert.is(ids.map((id) => stream.push(id)).join('') + stream.end(), tokenizer.decode(ids));
      });
    }

    test(`${flavour} gives the same ids as plain BPE for long random words`, () => {
      const random = seededRandom(3);
      for (let i = 0; i < 30; i++) {
        const word = Array.from(
          { length: 1 + Math.floor(random() * 40) },
          () => 'etaoinshrdlu'[Math.floor(random() * 12)],
        ).join('');
        assert.equal(tokenizer.encode(word), plainBpe(word, json), word);
      }
    });

    test(`${flavour} and random Unicode, halves of surrogate pairs and special tokens included`, () => {
      const random = seededRandom(5);
      const assertRoundTrip = flavour === 'gpt2' ? assertExactRoundTrip : assertStableIds;
      for (let i = 0; i < 1000; i++) {
        assertRoundTrip(tokenizer, randomText(random, 60));
        assertRoundTrip(tokenizer, randomHostileText(random, 60));
      }
    });
  }

  test('the texts of the excerpts with the whole vocabularies', () => {
    const gpt2 = loadTokenizer(readJson('gpt2', 'tokenizer.json'));
    assert.is(gpt2.vocabSize, 50257);
    for (const [text, ids] of GPT2_IDS) {
      assert.is(gpt2.encode(text).join(' '), ids, text);
      assert.is(gpt2.decode(ids.split(' ').map(Number)), text);
    }
    const clip = loadTokenizer(readJson('clip', 'tokenizer.json'));
    assert.is(clip.vocabSize, 49408);
    for (const [text, ids] of CLIP_IDS) {
      const row = [...clipTokenize(clip, [text])];
      const inner = row.slice(1, row.indexOf(49407));
      assert.is(inner.join(' '), ids, text);
      assert.equal(clip.encode(clip.decode(inner)), inner, text);
    }
  });

  test('U+FEFF, U+0085 and the final sigma as in the Rust tokenizers 0.23', () => {
    const gpt2 = loadTokenizer(readJson('gpt2', 'tokenizer.json'));
    assert.equal(gpt2.encode('\t\n \u0085to'), [197, 198, 220, 126, 227, 1462]);
    assert.equal(gpt2.encode(' \ufeffdog'), [27332, 119, 123, 9703]);
    const clip = loadTokenizer(readJson('clip', 'tokenizer.json'));
    assert.equal(clip.encode('a ΑΣ dog'), [320, 138, 109, 139, 481, 1929]);
    assert.equal(clip.encode('‰\ufeffв'), [728, 108, 171, 119, 379, 140, 366]);
    assert.equal(clip.encode('a\u0085b'), [320, 321]);
  });

  test('the id tables are those of encoder.json', () => {
    const gpt2 = loadTokenizer(readJson('gpt2', 'tokenizer.json'));
    const encoder = readJson('gpt2', 'encoder.json') as Record<string, number>;
    const differing = Object.entries(encoder).filter(
      ([token, id]) => gpt2.tokenToId(token) !== id || gpt2.idToToken(id) !== token,
    );
    assert.equal(differing, []);
    assert.is(Object.keys(encoder).length, gpt2.vocabSize);
  });
} else {
  console.log(`SKIPPED all conformance tests of the real GPT-2 and CLIP vocabularies (no folder ${folder})`);
}

test.run();
