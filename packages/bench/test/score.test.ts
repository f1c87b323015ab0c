// `pnpm score` as people run it: a process with files, its tables, its JSON, and every error it ends with.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import type { ScoreReport } from '../src/score/score-report.ts';

const test = suite('score', { timeLimitSeconds: 60 });
const command = fileURLToPath(new URL('../src/commands/score.ts', import.meta.url));

let folder: string;
test.before(() => void (folder = mkdtempSync(join(tmpdir(), 'score-'))));
test.after(() => rmSync(folder, { recursive: true }));

/** Writes a file of the test's folder and returns its path; what is no text becomes JSON. */
function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function score(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [
    '--import',
    'tsx',
    '--conditions=foreword-source',
    command,
    ...args,
  ]);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

// the tiny corpus whose coco-caption values are known, see caption-metrics/test/corpora.ts
const good = ['a man riding a wave on a surfboard', 'a cat sitting on a couch', 'a dog'];
const references = [
  [
    'a man surfing a wave on a board',
    'a surfer rides a large wave',
    'a man riding a wave on top of a surfboard',
  ],
  ['a cat is sitting on the couch', 'a black cat lies on a sofa'],
  ['a brown dog running in the grass', 'a dog runs through a field', 'two dogs play in the grass'],
];
const coco = (captions: readonly string[]) => captions.map((caption, i) => ({ image_id: 10 + i, caption }));
const annotations = {
  images: references.map((_, i) => ({ id: 10 + i, file_name: `${i}.jpg` })),
  annotations: references.flatMap((set, i) =>
    coco(set).map(({ caption }) => ({ image_id: 10 + i, caption })),
  ),
};

/** The row of the table that begins with a label, cells apart. */
function row(stdout: string, label: string): string[] {
  const line = stdout.split('\n').find((text) => text.startsWith(`${label}  `));
  if (line === undefined) throw new Error(`no row ${label} in\n${stdout}`);
  return line
    .slice(label.length)
    .trim()
    .split(/\s{2,}/);
}

test('COCO results against COCO annotations: the known values, intervals and statistics', async () => {
  const results = file('results.json', coco(good).reverse());
  const { code, stdout, stderr } = await score(results, file('references.json', annotations));
  assert.equal([code, stderr], [0, '']);
  assert.match(stdout, 'results.json: 3 images');
  for (const [label, value] of [
    ['BLEU-1', '73.16'],
    ['BLEU-4', '49.62'],
    ['ROUGE-L', '69.63'],
    ['CIDEr-D', '216.71'],
  ]) {
    const [shown, interval] = row(stdout, label);
    assert.is(shown, value);
    assert.match(interval, /^\d+\.\d\d … \d+\.\d\d$/);
  }
  assert.match(stdout, 'METEOR (exact+stem)');
  assert.match(stdout, 'unique      3 of 3 captions (100.0 %)');
  assert.match(stdout, 'document frequencies of the references scored');
});

test('plain JSON, chosen metrics, JSON output, other sources', async () => {
  const results = file('plain.json', { 10: good[0], 11: [good[1]], 12: good[2] });
  const plain = file('plain-references.json', Object.fromEntries(references.map((set, i) => [10 + i, set])));
  const json = join(folder, 'scores.json');
  const spice = [10, 11, 12].map((id) => `{"image_id": ${id}, "scores": {"All": {"f": NaN}}}`);
  const flags = {
    metrics: 'cider,spice,clipscore,statistics',
    resamples: '0',
    json,
    training: file('training.json', annotations),
    df: 'training',
    spice: file('spice.json', `[${spice.join()}]`),
    'clip-features': file('features.json', { 10: feature(1), 11: feature(0), 12: feature(-1) }),
  };
  const words = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const { code, stdout, stderr } = await score(results, plain, ...words);
  assert.equal([code, stderr], [0, '']);
  assert.not.match(stdout, 'BLEU-1');
  assert.not.match(stdout, 'interval');
  assert.equal(row(stdout, 'CIDEr-D'), ['216.71'], 'the training split is the references here');
  assert.equal(row(stdout, 'SPICE (imported)'), ['0.00']);
  // cosines 1, 0 and −1
  assert.equal(row(stdout, 'CLIPScore'), [(250 / 3).toFixed(2)]);
  assert.match(stdout, 'document frequencies of the training captions');
  assert.match(stdout, 'novel       100.0 % are no training caption');
  const report = JSON.parse(readFileSync(json, 'utf8')) as ScoreReport;
  assert.equal(
    report.scores.map(({ name }) => name),
    ['cider-d', 'clip-score', 'spice'],
  );
  assert.is(report.documentFrequencies, 'training');
  assert.equal(
    report.perImage?.map(({ imageId }) => imageId),
    ['10', '11', '12'],
  );
});

const feature = (x: number) => ({ image: [1, 0], caption: x === 0 ? [0, 1] : [x, 0] });

test('a given table of document frequencies', async () => {
  const results = file('given.json', coco(good));
  const table = file('table.json', { imageCount: 3, frequency: {} });
  const { stdout } = await score(
    results,
    file('references.json', annotations),
    '--df',
    table,
    '--metrics',
    'cider',
  );
  assert.match(stdout, 'document frequencies of the given table');
  assert.not.equal(row(stdout, 'CIDEr-D')[0], '216.71');
});

test('nocaps: scores by domain, with the document frequencies of all images', async () => {
  const domains = ['in-domain', 'out-domain', 'in-domain'];
  const images = annotations.images.map((image, i) => ({ ...image, domain: domains[i] }));
  const refs = file('nocaps.json', { ...annotations, images });
  const json = join(folder, 'nocaps-scores.json');
  const results = file('nocaps-results.json', coco(good));
  const { code, stdout, stderr } = await score(results, refs, '--metrics', 'bleu,cider', '--json', json);
  assert.equal([code, stderr], [0, '']);
  const [, table] = stdout.split('metric   ').slice(1);
  assert.match(table, /^in-domain \(2\)  out-domain \(1\)  entire \(3\)\n/);
  // coco-caption's values of the three images: 3.633083013, 1.976436740, 0.891894532
  assert.equal(row(table, 'CIDEr-D'), ['226.25', '197.64', '216.71']);
  assert.not.match(table, 'ROUGE-L');
  const report = JSON.parse(readFileSync(json, 'utf8')) as ScoreReport;
  assert.equal(
    report.domains?.[0].map(({ group, images: count }) => [group, count]),
    [
      ['in-domain', 2],
      ['out-domain', 1],
    ],
  );
  const compared = await score(results, refs, '--compare', results, '--metrics', 'cider');
  assert.match(compared.stdout, /\nA\nmetric .*entire[^]*\nB\nmetric .*entire/);
});

test('a comparison with another run', async () => {
  const many = Array.from({ length: 40 }, (_, i) => `picture number ${i} of a dog in a park`);
  const a = file(
    'a.json',
    many.map((caption, i) => ({ image_id: i, caption: caption.replace('dog', 'cat') })),
  );
  const b = file(
    'b.json',
    many.map((caption, i) => ({ image_id: i, caption })),
  );
  const refs = file('many.json', Object.fromEntries(many.map((caption, i) => [i, [caption]])));
  const json = join(folder, 'comparison.json');
  const { code, stdout } = await score(a, refs, '--compare', b, '--metrics', 'bleu,rouge', '--json', json);
  assert.is(code, 0);
  assert.equal(row(stdout, 'BLEU-1'), ['88.89', '100.00', '+11.11', '11.11 … 11.11', '< 0.001']);
  const { comparison, compare } = JSON.parse(readFileSync(json, 'utf8')) as ScoreReport;
  assert.is(compare, b);
  assert.is(comparison?.length, 5);
  const again = await score(a, refs, '--compare', b, '--metrics', 'bleu,rouge');
  assert.is(
    row(again.stdout, 'ROUGE-L').join(),
    row(stdout, 'ROUGE-L').join(),
    'the seed makes it repeatable',
  );
});

test('several results files are seeds of one setting', async () => {
  const refs = file('references.json', annotations);
  const first = file('seed-1.json', coco(good));
  const second = file('seed-2.json', coco(references.map(([caption]) => caption)));
  const { code, stdout } = await score(first, second, refs, '--metrics', 'rouge');
  assert.is(code, 0);
  // 69.626 and 100: mean 84.813, standard deviation 30.374 / √2
  assert.equal(row(stdout, 'ROUGE-L'), ['84.81 ± 21.48', '69.63', '100.00']);
});

test('--partial and --allow-empty score what is there', async () => {
  const refs = file('references.json', annotations);
  const some = file('some.json', [...coco(['', good[1]]), { image_id: 99, caption: 'a bird' }]);
  const { code, stdout, stderr } = await score(some, refs, '--partial', '--allow-empty', '--metrics', 'bleu');
  assert.equal([code, stderr], [0, '']);
  assert.match(stdout, 'some.json: 2 of 3 images (--partial)');
});

/** Runs the command and checks that it ends with one error, a cause and a cure, and nothing else on stdout. */
async function fails(args: string[], message: RegExp, cure: RegExp, exitCode = 1): Promise<void> {
  const { code, stdout, stderr } = await score(...args);
  assert.equal([code, stdout], [exitCode, ''], stderr);
  assert.match(stderr, message);
  assert.match(stderr, new RegExp(`  cure: .*${cure.source}`));
  assert.not.match(stderr, /FOREWORD_DEBUG|^\s+at /m);
}

test('missing and extra images', async () => {
  const refs = file('references.json', annotations);
  await fails(
    [file('missing.json', coco(good.slice(0, 1))), refs],
    /missing\.json lacks 2 of the 3 images in .*references\.json: 11, 12/,
    /--partial/,
  );
  await fails(
    [file('extra.json', coco([...good, 'a bird'])), refs],
    /extra\.json has 1 image without references in .*references\.json: 13/,
    /right split\? --partial/,
  );
});

test('a comparison needs the same images', async () => {
  const refs = file('references.json', annotations);
  const [one, two] = [file('one.json', coco(good)), file('two.json', coco(good).slice(1))];
  const { code, stderr } = await score(one, refs, '--compare', two, '--partial');
  assert.is(code, 1);
  assert.match(stderr, /two\.json holds other images than the first results file \(2 and 3\)/);
  assert.match(stderr, /cure: .*the same images in both/);
});

test('empty captions', async () => {
  await fails(
    [file('empty.json', coco(['', good[1], ' '])), file('references.json', annotations)],
    /empty\.json: 2 captions are empty: 10, 12/,
    /--allow-empty/,
  );
});

test('malformed files', async () => {
  const refs = file('references.json', annotations);
  const results = file('results.json', coco(good));
  await fails(
    [file('cut.json', '[{"image_id": 1, "cap'), refs],
    /cut\.json is no JSON/,
    /written to its end/,
  );
  await fails([refs, results], /this is an annotation file/, /COCO results/);
  await fails(
    [results, refs, '--spice', file('s.json', { 10: 0.5 })],
    /no value for image 11/,
    /same images/,
  );
});

test('a wrong command line', async () => {
  const [results, refs] = [file('results.json', coco(good)), file('references.json', annotations)];
  await fails([results], /file is missing/, /at least 2/, 2);
  await fails([results, refs, '--df', 'training'], /needs the training captions/, /--training/, 2);
  await fails(
    [results, results, refs, '--compare', results],
    /belong to one results file/,
    /leave them out/,
    2,
  );
});

test.run();
