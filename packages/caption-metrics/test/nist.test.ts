// NIST and mteval's words against sacrebleu, NLTK and the formula in Python.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { bleuOf } from '../src/bleu.ts';
import { mtevalTokenize } from '../src/mteval-tokenize.ts';
import { nist } from '../src/nist.ts';
import { type Corpus, roundsTo, words } from './corpora.ts';
import { readGolden } from './golden.ts';

const test = suite('nist');

for (const [line, tokens] of Object.entries(
  readGolden('mteval-13a-tokens.json') as Record<string, string[]>,
)) {
  test(`mteval words of ${line}`, () => assert.equal(mtevalTokenize(line), tokens));
}

test('NIST of several references, of one, and of short outputs', () => {
  const golden = readGolden('nist.json') as {
    cases: (Corpus & { nist: number })[];
    nltkSingleReference: number;
  };
  const values = golden.cases.map(({ hypotheses, references }) => nist(hypotheses, references).nist);
  golden.cases.forEach((expected, i) =>
    roundsTo(values[i], expected.nist, { decimals: 12, what: `case ${i}` }),
  );
  roundsTo(values[1], golden.nltkSingleReference, { decimals: 12, what: 'NLTK' });
});

test('an output two thirds as long as its reference keeps half of its score', () => {
  const [reference, other] = [words('a b c d e f'), words('g h i j k l m n')];
  const whole = nist([words('a b c d e f'), other], [[reference], [other]]);
  const short = nist([words('a b c d'), other], [[reference], [other]]);
  // every n-gram here occurs once: log2(14) bits for a word, none for a longer one
  roundsTo(whole.perImage[0], Math.log2(14), { decimals: 12, what: 'whole' });
  roundsTo(short.perImage[0], Math.log2(14) / 2, { decimals: 12, what: 'two thirds' });
});

test('an empty output scores 0', () => {
  assert.is(nist([[], words('a b')], [[words('a')], [words('a b')]]).perImage[0], 0);
});

test("BLEU of the E2E challenge's example from its published counts", () => {
  const mteval = {
    testLength: 153,
    referenceLength: 150,
    guess: [153, 143, 133, 123],
    correct: [143, 116, 88, 66],
  };
  roundsTo(bleuOf(mteval)[3], 0.7202928, { decimals: 7, what: 'mteval' });
  const coco = {
    testLength: 140,
    referenceLength: 138,
    guess: [140, 130, 120, 110],
    correct: [132, 104, 76, 54],
  };
  [0.9429, 0.8685, 0.7817, 0.6959].forEach((value, n) =>
    roundsTo(bleuOf(coco)[n], value, { decimals: 4, what: `BLEU-${n + 1}` }),
  );
});

test.run();
