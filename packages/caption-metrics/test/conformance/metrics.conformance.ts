// The metrics on real caption files: MAGIC's COCO output, nlg-eval's example, CLIPScore's example.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { bleu } from '../../src/bleu.ts';
import { ciderD } from '../../src/cider-d.ts';
import { ptbTokenize } from '../../src/ptb-tokenize.ts';
import { rougeL } from '../../src/rouge-l.ts';
import { scoreCaptions, type CaptionScores } from '../../src/score-captions.ts';
import { roundsTo } from '../corpora.ts';

const folder = join(
  process.env.FOREWORD_TEST_DATA ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url)),
  'metrics',
);

/** A suite over one sub-folder that says so when it has to be skipped. */
function onData(name: string, run: (path: string, test: ReturnType<typeof suite>) => void): void {
  const path = join(folder, name);
  const test = suite(`metrics/${name}`);
  if (existsSync(path)) run(path, test);
  else console.log(`SKIPPED metrics/${name}: ${path} does not exist (set FOREWORD_TEST_DATA)`);
  test.run();
}

const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

interface MagicEntry {
  image_name: string;
  captions: string[];
  prediction: string;
}

onData('magic-coco', (path, test) => {
  const entries: MagicEntry[] = json(join(path, 'magic_result.json'));

  test('as many tokens as the Stanford tokenizer prints, which counts the line breaks between captions', () => {
    const count = (captions: string[]): number =>
      captions.reduce((sum, caption) => sum + ptbTokenize(caption).length, captions.length - 1);
    assert.is(count(entries.flatMap(({ captions }) => captions)), 305_984);
    assert.is(count(entries.map(({ prediction }) => prediction)), 57_649);
  });

  test('published values with PTB tokens', () => {
    const scores: CaptionScores = scoreCaptions({
      results: entries.map(({ prediction }, image_id) => ({ image_id, caption: prediction })),
      references: entries.flatMap(({ captions }, image_id) =>
        captions.map((caption) => ({ image_id, caption })),
      ),
    });
    const { testLength, referenceLength, guess, correct } = scores;
    assert.equal([testLength, referenceLength], [47153, 47168]);
    assert.equal(guess, [47153, 42171, 37189, 32207]);
    assert.equal(correct, [26801, 9496, 2857, 902]);
    [0.56820299, 0.35763999, 0.2141657, 0.12877809].forEach((value, n) => {
      roundsTo(scores.bleu[n], value, { decimals: 7, what: `BLEU-${n + 1}` });
    });
    roundsTo(scores.rougeL, 0.39879453, { decimals: 8, what: 'ROUGE-L' });
    roundsTo(scores.ciderD, 0.49288735, { decimals: 8, what: 'CIDEr-D' });
    assert.is(scores.statistics.uniqueCaptions, 3889);
    // .1650 with METEOR 1.5's own list of function words; ours is another one
    assert.is(scores.meteorLabel, 'METEOR (exact+stem)');
    roundsTo(scores.meteor, 0.165, { decimals: 3, what: 'METEOR' });
  });

  test('simple tokens, corpus and fifty images, in float64', () => {
    const golden = json(join(path, 'golden-simple-tokens.json'));
    const tokens = (caption: string): string[] => caption.toLowerCase().match(/[a-z0-9']+/g) ?? [];
    const hypotheses = entries.map(({ prediction }) => tokens(prediction));
    const references = entries.map(({ captions }) => captions.map(tokens));
    const corpus = bleu(hypotheses, references);
    const rouge = rougeL(hypotheses, references);
    const cider = ciderD(hypotheses, references);
    const close = (actual: number, expected: number, what: string) => {
      const slack = 1e-11 * Math.abs(expected);
      assert.ok(Math.abs(actual - expected) <= slack, `${what}: ${actual}, expected ${expected}`);
    };
    corpus.bleu.forEach((value, n) => close(value, golden.bleu[n], `BLEU-${n + 1}`));
    close(rouge.rougeL, golden.rouge_l, 'ROUGE-L');
    close(cider.ciderD, golden.cider, 'CIDEr-D');
    const rowOf = new Map(entries.map(({ image_name: name }, i) => [name, i]));
    assert.is(golden.first50.length, 50);
    for (const { image, bleu: bleuOfImage, rouge_l: rougeOfImage, cider: ciderOfImage } of golden.first50) {
      const i = rowOf.get(image) ?? assert.unreachable(`${image} is not in magic_result.json`);
      corpus.perImage[i as number].forEach((value, n) =>
        close(value, bleuOfImage[n], `${image} BLEU-${n + 1}`),
      );
      close(rouge.perImage[i as number], rougeOfImage, `${image} ROUGE-L`);
      close(cider.perImage[i as number], ciderOfImage, `${image} CIDEr-D`);
    }
  });
});

onData('nlg-eval', (path, test) => {
  const lines = (name: string) =>
    readFileSync(join(path, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/\s+/).filter(Boolean));

  test('published values with whitespace tokens', () => {
    const hypotheses = lines('hyp.txt');
    const [first, second] = [lines('ref1.txt'), lines('ref2.txt')];
    const references = hypotheses.map((_, i) => [first[i], second[i]]);
    [0.55, 0.428174, 0.284043, 0.201143].forEach((value, n) => {
      roundsTo(bleu(hypotheses, references).bleu[n], value, { decimals: 6, what: `BLEU-${n + 1}` });
    });
    roundsTo(rougeL(hypotheses, references).rougeL, 0.522104, { decimals: 6, what: 'ROUGE-L' });
    roundsTo(ciderD(hypotheses, references).ciderD, 1.242192, { decimals: 6, what: 'CIDEr-D' });
  });
});

onData('clipscore', (path, test) => {
  const published: [file: string, bleu: number[], rougeL: number, ciderD: number][] = [
    ['good_captions.json', [0.6667, 0.4899, 0.3469, 0], 0.428, 0.5637],
    ['bad_captions.json', [0.4815, 0.2404, 0.1359, 0], 0.3121, 0.279],
  ];
  for (const [file, bleuValues, rouge, cider] of published) {
    test(`published values of ${file}`, () => {
      const references = Object.entries<string[]>(json(join(path, 'refs.json'))).flatMap(
        ([image_id, captions]) => captions.map((caption) => ({ image_id, caption })),
      );
      const results = Object.entries<string>(json(join(path, file))).map(([image_id, caption]) => ({
        image_id,
        caption,
      }));
      const scores = scoreCaptions({ results, references });
      bleuValues.forEach((value, n) =>
        roundsTo(scores.bleu[n], value, { decimals: 4, what: `BLEU-${n + 1}` }),
      );
      roundsTo(scores.rougeL, rouge, { decimals: 4, what: 'ROUGE-L' });
      roundsTo(scores.ciderD, cider, { decimals: 4, what: 'CIDEr-D' });
    });
  }
});
