// The files `pnpm score` reads: every layout, and an error with cause and cure for what is none.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandError } from '@foreword/cli-kit';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { chooseMetrics } from '../src/score/choose-metrics.ts';
import { matchImages } from '../src/score/match-images.ts';
import { readReferences, readResults } from '../src/score/read-captions.ts';
import { readFeatures, readSpiceFile } from '../src/score/read-extras.ts';
import { readFrequencies } from '../src/score/read-frequencies.ts';

const test = suite('score files');

let folder: string;
test.before(() => void (folder = mkdtempSync(join(tmpdir(), 'score-files-'))));
test.after(() => rmSync(folder, { recursive: true }));

/** Writes a file; what is no text becomes JSON. */
function file(content: unknown): string {
  const path = join(folder, 'file.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** Checks that reading fails for the person at the terminal, naming the file where it is one. */
async function fails(work: () => unknown, message: RegExp, cure: RegExp): Promise<void> {
  const error = await (async () => work())().then(
    () => new Error('no error'),
    (thrown: unknown) => thrown,
  );
  assert.instance(error, CommandError, String(error));
  assert.match((error as CommandError).message, message);
  assert.match((error as CommandError).cure ?? '', cure);
}

test('results: COCO list, captions by id, lists of one; a byte order mark is skipped', async () => {
  const expected = [{ image_id: '7', caption: 'a dog' }];
  assert.equal(await readResults(file([{ image_id: 7, caption: 'a dog' }])), expected);
  assert.equal(await readResults(file({ 7: 'a dog' })), expected);
  assert.equal(await readResults(file({ 7: ['a dog'] })), expected);
  assert.equal(await readResults(file('\ufeff{"7": "a dog"}')), expected);
  const [ended] = await readResults(file([{ image_id: 7, caption: 'a', finished: false, score: 1 }]));
  assert.equal(ended, { image_id: '7', caption: 'a', finished: false });
});

test('references: COCO annotations, their list, captions by id', async () => {
  const list = [
    { id: 1, image_id: 7, caption: 'a dog' },
    { id: 2, image_id: 7, caption: 'the dog' },
  ];
  const expected = [
    { image_id: '7', caption: 'a dog' },
    { image_id: '7', caption: 'the dog' },
  ];
  assert.equal((await readReferences(file({ images: [], annotations: list }))).captions, expected);
  assert.equal((await readReferences(file(list))).captions, expected);
  assert.equal((await readReferences(file({ 7: ['a dog', 'the dog'] }))).captions, expected);
});

test('files that cannot be read', async () => {
  await fails(
    () => readResults(join(folder, 'no.json')),
    /no\.json cannot be read: there is no such file/,
    /path/,
  );
  await fails(() => readResults(folder), /cannot be read: it is a folder/, /path/);
  await fails(() => readResults(file('')), /file\.json is no JSON: it is empty/, /COCO results file/);
  await fails(() => readReferences(file('[1,')), /file\.json is no JSON/, /written to its end/);
});

test('results that are none', async () => {
  const cure = /COCO results file/;
  await fails(() => readResults(file({ annotations: [] })), /this is an annotation file/, cure);
  await fails(() => readResults(file('7')), /no list of captions in it/, cure);
  await fails(() => readResults(file([{ caption: 'a' }])), /file\.json: entry 0 has no image_id/, cure);
  await fails(() => readResults(file([null])), /entry 0 has no image_id/, cure);
  await fails(
    () => readResults(file([{ image_id: 4, caption: 5 }])),
    /entry 0 \(image 4\) has no caption/,
    cure,
  );
  await fails(
    () => readResults(file({ 10: ['a', 'b'] })),
    /image 10 has a list of 2 where one caption/,
    cure,
  );
  await fails(() => readResults(file({ 10: 3 })), /image 10 has no text/, cure);
});

test('references that are none', async () => {
  const cure = /COCO caption annotations/;
  await fails(() => readReferences(file({ 10: [] })), /image 10 has no list of captions/, cure);
  await fails(() => readReferences(file({ 10: [1] })), /image 10 has a reference that is no text/, cure);
  await fails(() => readReferences(file({ annotations: [] })), /it holds no caption/, cure);
  await fails(() => readReferences(file({ annotations: {} })), /no list of captions/, cure);
});

test('samples.jsonl of a run holds results and references', async () => {
  const path = join(folder, 'samples.jsonl');
  const sample = { image_id: 7, caption: 'a dog', references: ['the dog', 'my dog'], finished: true };
  writeFileSync(path, `${JSON.stringify({ ...sample, domain: 'in-domain' })}\n`);
  assert.equal(await readResults(path), [{ image_id: '7', caption: 'a dog', finished: true }]);
  const { captions, domains } = await readReferences(path);
  assert.equal(
    captions,
    sample.references.map((caption) => ({ image_id: '7', caption })),
  );
  assert.equal([...domains], [['7', 'in-domain']]);
  writeFileSync(path, `${JSON.stringify(sample)}\n{"image_id": 8,`);
  await fails(() => readResults(path), /samples\.jsonl, entry 1 is no JSON/, /to its end/);
});

test('document frequencies, features and SPICE', async () => {
  const { imageCount, frequency } = await readFrequencies(file({ imageCount: 9, frequency: { 'a dog': 3 } }));
  assert.equal([imageCount, frequency.get('a dog')], [9, 3]);
  await fails(() => readFrequencies(file({})), /has no imageCount/, /table/);
  await fails(
    () => readFrequencies(file({ imageCount: 9, frequency: { a: 'b' } })),
    /of "a" is no number/,
    /table/,
  );

  await fails(() => readFrequencies(join(folder, 'none.p')), /there is no such file/, /table/);

  const features = await readFeatures(file({ 7: { image: [1], caption: [2], references: [[3]] } }));
  assert.equal(features('7'), { image: [1], caption: [2], references: [[3]] });
  assert.is(features('8'), undefined);
  await fails(() => readFeatures(file([])), /no object from image id/, /features/);
  await fails(() => readFeatures(file({ 7: { image: [1] } })), /image 7 has no feature/, /features/);
  await fails(
    () => readFeatures(file({ 7: { image: [1], caption: [1], references: [2] } })),
    /references of image 7/,
    /features/,
  );

  assert.is((await readSpiceFile(file('[{"image_id": 7, "scores": {"All": {"f": NaN}}}]'))).get('7'), 0);
  await fails(() => readSpiceFile(file([{}])), /file\.json: entry 0 has no image_id/, /spice-1\.0\.jar/);
});

const paths = { resultsPath: 'r.json', referencesPath: 'g.json', partial: false, allowEmpty: false };
const captions = (...ids: string[]) => ids.map((id) => ({ image_id: id, caption: 'a dog' }));

test('images come in the order of the references', () => {
  const matched = matchImages(captions('b', 'a'), captions('a', 'a', 'b'), paths);
  assert.equal(
    matched.map(({ image_id: id }) => id),
    ['a', 'b'],
  );
});

test('images that do not fit', async () => {
  const match = (results: string[], references: string[], options = {}) =>
    matchImages(captions(...results), captions(...references), { ...paths, ...options });
  await fails(() => match([], ['a']), /r\.json holds no caption/, /ended before/);
  await fails(() => match(['a', 'a'], ['a']), /r\.json: image a has two captions/, /one caption per image/);
  await fails(
    () => match(['x'], ['a', 'b', 'c', 'd']),
    /no image in common: x against a, b, c, …/,
    /same split/,
  );
  await fails(() => match(['x'], ['a'], { partial: true }), /no image in common/, /same split/);
  await fails(() => match(['a'], ['a', 'b']), /r\.json lacks 1 of the 2 images in g\.json: b/, /--partial/);
  await fails(
    () => match(['a', 'x', 'y'], ['a']),
    /has 2 images without references in g\.json: x, y/,
    /--partial/,
  );
  assert.is(match(['a', 'x'], ['a', 'b'], { partial: true }).length, 1);
});

test('metrics by name', () => {
  assert.equal([...chooseMetrics('bleu, rouge')], ['bleu-1', 'bleu-2', 'bleu-3', 'bleu-4', 'rouge-l']);
  assert.is(chooseMetrics(undefined).size, 13);
  assert.throws(() => chooseMetrics('blue'), /no metric "blue"/);
  assert.throws(() => chooseMetrics('constructor'), /no metric "constructor"/);
});

const pickles = fileURLToPath(new URL('../../torch-file/test/golden/', import.meta.url));

test('document frequencies as CIDEr keeps them, pickled by Python 2', async () => {
  for (const protocol of [0, 1, 2]) {
    for (const name of ['frequencies', 'table']) {
      const { imageCount, frequency } = await readFrequencies(
        join(pickles, `python2-${name}-${protocol}-cPickle.pkl`),
      );
      assert.is(imageCount, 40_504);
      assert.is(frequency.size, 12);
      assert.equal([frequency.get('café'), frequency.get("a don't")], [2, 0.5]);
    }
  }
});

test('pickles that are no document frequencies', async () => {
  const path = join(folder, 'file.p');
  const pickle = (text: string): string => {
    writeFileSync(path, text, 'latin1');
    return path;
  };
  const cure = /coco-val-df\.p/;
  const table = (key: string, count: string, refLen: string): string =>
    pickle(`(dS'document_frequency'\n(d(S'${key}'\ntF${count}\nssS'ref_len'\n${refLen}s.`);
  const { imageCount } = await readFrequencies(table('a', '9', 'F4.60517018598809137\n'));
  assert.ok(Math.abs(imageCount - 100) < 1e-9, 'a logarithm');
  await fails(
    () => readFrequencies(table('a', '9', 'F1.5\n')),
    /counted 9 times, but there are 4 images/,
    cure,
  );
  await fails(
    () => readFrequencies(table('17', '9', 'I100\n')),
    /counts word numbers/,
    /coco-train-words\.p/,
  );
  await fails(() => readFrequencies(table('a', '9', 'N')), /ref_len is no number/, cure);
  await fails(() => readFrequencies(pickle('(lp0\n.')), /holds no dict/, cure);
  await fails(() => readFrequencies(pickle('(dp0\n.')), /holds no word/, cure);
  await fails(() => readFrequencies(pickle("(dS'a'\nI1\ns.")), /not a tuple of words with a number/, cure);
  await fails(() => readFrequencies(pickle("(dS'document_frequency'\nI1\ns.")), /is no dict/, cure);
  await fails(() => readFrequencies(pickle('cos\nsystem\n.')), /names "os\.system"/, cure);
});

test.run();
