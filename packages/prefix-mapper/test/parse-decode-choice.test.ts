// The text form of decoding choices: what each text means, and what wrong ones are answered.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { knownDecodeChoices, parseDecodeChoice, toDecodeMethod, type DecodeChoice } from '../src/index.ts';

const test = suite('decode choices');

const wanted: [text: string, choice: DecodeChoice][] = [
  ['greedy', { greedy: true }],
  [
    'greedy,no-repeat=2,bad-words=dog|red square',
    { greedy: true, noRepeatNgram: 2, badWords: ['dog', 'red square'] },
  ],
  ['beam', { beam: 5 }],
  ['beam:3', { beam: 3 }],
  ['beam:5,length=gnmt,alpha=0.6', { beam: 5, length: { gnmt: 0.6 } }],
  ['beam:4,length=power,alpha=1.2,finished=apart', { beam: 4, length: { power: 1.2 }, finished: 'apart' }],
  ['beam:4,length=sum,temperature=2,min-length=4', { beam: 4, length: 'sum', temperature: 2, minTokens: 4 }],
  ['beam:8,rerank=clip', { beam: 8, rerank: 'clip' }],
  ['diverse:6,groups=3,strength=0.5', { beam: 6, groups: 3, diversityPenalty: 0.5 }],
  ['diverse:4', { beam: 4, groups: 4 }],
  ['sample', { sample: { seed: 0 } }],
  ['sample,temperature=0.8,top-p=0.9,seed=3', { sample: { temperature: 0.8, topP: 0.9, seed: 3 } }],
  [' sample , top-k = 5 , samples=4,rerank=mbr', { sample: { topK: 5, samples: 4, seed: 0 }, rerank: 'mbr' }],
  ['typical:0.9', { sample: { typicalP: 0.9, seed: 0 } }],
  ['min-p:0.1,temperature=1.5', { sample: { minP: 0.1, temperature: 1.5, seed: 0 } }],
  ['top-k:40', { sample: { topK: 40, seed: 0 } }],
  ['top-p:0.8,seed=1e3', { sample: { topP: 0.8, seed: 1000 } }],
  ['contrastive:5,alpha=0.6', { contrastive: 5, alpha: 0.6 }],
  ['magic:45,alpha=0.1,beta=2', { magic: 45, alpha: 0.1, beta: 2 }],
  ['magic', { magic: 45 }],
  ['best-of:8', { sample: { samples: 8, seed: 0 }, rerank: 'clip' }],
  ['best-of:4,temperature=0.7', { sample: { samples: 4, temperature: 0.7, seed: 0 }, rerank: 'clip' }],
  ['mbr:16,top-p=0.9', { sample: { samples: 16, topP: 0.9, seed: 0 }, rerank: 'mbr' }],
  [
    'greedy,repetition=1.2,presence=0.5,frequency=-0.1',
    { greedy: true, repetitionPenalty: 1.2, presencePenalty: 0.5, frequencyPenalty: -0.1 },
  ],
];

for (const [text, choice] of wanted) {
  test(`"${text}"`, () => assert.equal(parseDecodeChoice(text), choice));
}

test('what is left out takes the standard of the method', () => {
  const parts = { clipScores: () => [] };
  assert.equal(
    toDecodeMethod(parseDecodeChoice('beam')),
    toDecodeMethod({ beam: 5, length: 'average', finished: 'compete' }),
  );
  const magic = toDecodeMethod(parseDecodeChoice('magic'), parts);
  assert.ok(magic.method === 'contrastive');
  assert.equal([magic.candidates, magic.alpha, magic.guide?.weight], [45, 0.1, 2]);
});

test('every method that is listed as known is', () => {
  const known = knownDecodeChoices.split(', ');
  assert.is(known.length, 12);
  for (const text of known) assert.type(parseDecodeChoice(text), 'object');
});

test('bad words become token sequences, as they are and with a space before them', () => {
  const encode = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));
  const { badWords } = toDecodeMethod({ greedy: true, badWords: ['ab', [7, 8]] }, { encode });
  assert.equal(badWords, [
    [97, 98],
    [32, 97, 98],
    [7, 8],
  ]);
  assert.throws(() => toDecodeMethod({ greedy: true, badWords: ['ab'] }), /need a tokenizer that can encode/);
});

const refused: [text: string, ...words: string[]][] = [
  [
    'beem:5',
    'decode "beem:5": there is no method "beem"; known are greedy, beam:5, diverse:6, sample, top-k:40',
  ],
  ['', 'there is no method ""; known are'],
  ['constructor', 'there is no method "constructor"'],
  [
    'beam:5,foo=1',
    'beam has no option "foo"; it takes length, alpha, finished, temperature, rerank, repetition',
  ],
  ['beam:5,', 'beam has no option ""'],
  ['beam:5,top-k=3', 'beam has no option "top-k"'],
  ['top-k:5,top-k=3', 'top-k has no option "top-k"'],
  ['beam:x', 'beam is "x"; a number is needed'],
  ['beam:', 'beam is ""; a number is needed'],
  ['beam:2.5', '2.5 beams; a whole number from 1 is needed'],
  ['beam:5,alpha', 'alpha has no value; write alpha='],
  ['beam:5,alpha=', 'alpha has no value'],
  ['beam:5,alpha=1', 'alpha is an exponent of length=power or length=gnmt'],
  ['beam:5,length=gnmt', 'length=gnmt needs its exponent; write alpha=0.6'],
  ['beam:5,length=long', 'length is "long"; known are average, sum, power, gnmt'],
  ['beam:5,finished=later', 'finished is "later"; known are compete, apart'],
  ['beam:5,rerank=bleu', 'rerank is "bleu"; known are clip, mbr'],
  ['beam:5,temperature=0', 'temperature is 0'],
  ['beam:5,no-repeat=2,no-repeat=3', 'no-repeat is given twice'],
  ['diverse:6,groups=4', '6 beams in 4 groups; as many in each are needed'],
  ['diverse:6,strength=-1', 'diversityPenalty is -1'],
  ['sample:3', 'sample takes no number after a colon; its options are temperature, top-k'],
  ['sample,seed=1.5', 'seed is 1.5'],
  ['sample,temperature=hot', 'temperature is "hot"; a number is needed'],
  ['top-p:1.5', 'topP is 1.5'],
  ['min-p:-1', 'minP is -1'],
  ['typical:0', 'typicalP is 0'],
  ['contrastive:0', '0 candidates'],
  ['contrastive:4,alpha=2', 'alpha is 2; a number from 0 to 1'],
  ['contrastive:4,beta=2', 'contrastive has no option "beta"'],
  ['magic:4,beta=-1', "the guide's weight is -1"],
  ['best-of:0', 'samples is 0'],
  ['best-of:4,samples=3', 'best-of has no option "samples"'],
  ['greedy,no-repeat=0', 'noRepeatNgram is 0'],
  ['greedy,min-length=-2', 'minTokens is -2'],
  ['greedy,repetition=0', 'repetitionPenalty is 0'],
];

for (const [text, ...words] of refused) {
  test(`"${text}" is refused`, () => {
    try {
      parseDecodeChoice(text);
    } catch (error) {
      assert.instance(error, RangeError);
      for (const word of words) assert.ok((error as Error).message.includes(word), (error as Error).message);
      return;
    }
    assert.unreachable('it was taken');
  });
}

test.run();
