// Damaged tokenizer.json files: loaded, and then able to encode, or refused with TokenizerFileError.
import { mutateJson, randomFrom, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { loadTokenizer, TokenizerFileError, trainBpe } from '../src/index.ts';

const test = suite('tokenizer.json fuzz');

const CASES = 1500;

// The library warns of what it passes over; nothing may be passed over.
const warnings: string[] = [];
const { warn } = console;
test.before(() => {
  console.warn = (...words: unknown[]) => void warnings.push(words.map(String).join(' '));
});
test.after(() => {
  console.warn = warn;
});

for (const flavour of ['gpt2', 'clip'] as const) {
  const json = trainBpe({ texts: ['ab ab ab abc abc'], vocabSize: 600, flavour });
  test(`${flavour}: damaged values, everywhere and outside the vocabulary`, () => {
    const random = randomFrom(flavour.length);
    const { vocab, merges, ...model } = json.model;
    let refused = 0;
    for (let n = 0; n < CASES; n++) {
      let damaged = mutateJson(n % 3 === 0 ? json : { ...json, model }, random) as typeof json;
      // The vocabulary is most of the file: without this nearly all damage would be to it.
      if (n % 3 !== 0 && typeof damaged?.model === 'object' && damaged.model !== null)
        damaged = { ...damaged, model: { ...damaged.model, vocab, merges } };
      try {
        const tokenizer = loadTokenizer(damaged, { name: 'x.json' });
        tokenizer.decode(tokenizer.encode('abc abd<|endoftext|>'));
      } catch (error) {
        if (!(error instanceof TokenizerFileError))
          throw new Error(`case ${n}: ${String(error)}`, { cause: error });
        refused++;
      }
    }
    assert.equal(warnings, []);
    assert.ok(refused > CASES / 4 && refused < CASES, `${refused} refused`);
  });
}

test.run();
