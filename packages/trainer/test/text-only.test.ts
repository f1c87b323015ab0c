// Training on texts only: which feature each caption gets, what pictures go through, and noise that resumes bit for bit.
import { toFeatureSpace } from '@foreword/prefix-mapper';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { epochBatches, type TokenizedSet } from '../src/train/batches.ts';
import { coordinateStatistics, textOnlySets, type TextOnlyOptions } from '../src/train/text-only.ts';

const test = suite('text-only sets');
const D = 2;
const captions = [
  ['a', 'b'],
  ['c', 'a'],
  ['d', 'e'],
];
/** Texts a to e; the first coordinate is a hundred times the second, as a tower's may be. */
const rows = Float32Array.of(300, 4, -400, 3, 0, -5, 500, 0, 100, 7);
const texts = { features: rows, D, rowOf: new Map([...'abcde'].map((text, i) => [text, i])) };
const pictures = Float32Array.of(1, 20, 2, 10, 3, 60);
const set: TokenizedSet = {
  D,
  skipped: [],
  features: pictures,
  examples: captions.map((own, id) => ({ id, path: '', captions: own })),
  tokens: captions.map((own) => own.map((text) => [text.charCodeAt(0)])),
};
const options: TextOnlyOptions = { method: 'capdec', space: 'l2', memory: 10, temperature: 0.01, seed: 1 };
const made = (more: Partial<TextOnlyOptions> = {}) =>
  textOnlySets({ train: set, val: set }, { train: texts, val: texts }, { ...options, ...more });

test('a batch holds the feature of each caption, of length 1', () => {
  const { train } = made();
  for (let epoch = 0; epoch < 4; epoch++) {
    for (const { features, tokens, T } of epochBatches(train, { seed: 3, epoch, batch: 3, mostTokens: 8 })) {
      for (let b = 0; b < 3; b++) {
        const row = texts.rowOf.get(String.fromCharCode(tokens[b * T]))!;
        const [x, y] = rows.subarray(row * D, row * D + D);
        assert.ok(Math.abs(features[b * D] - x / Math.hypot(x, y)) < 1e-6);
        assert.ok(Math.abs(features[b * D + 1] - y / Math.hypot(x, y)) < 1e-6);
      }
    }
  }
});

test('standardised, texts and pictures have coordinates of one size', () => {
  const { train, space } = made({ space: 'standardised' });
  const length = Math.sqrt(D);
  assert.is(space.length, length);
  const { deviation } = coordinateStatistics(train.features, D);
  assert.ok(deviation[0] / deviation[1] < 3 && deviation[1] / deviation[0] < 3, deviation.join());
  assert.equal(space.image, coordinateStatistics(pictures, D));
  // Of the first pictures' coordinates, mean 2 and deviation √(2/3).
  assert.ok(
    Math.abs(space.image!.mean[0] - 2) < 1e-6 && Math.abs(space.image!.deviation[0] ** 2 - 2 / 3) < 1e-6,
  );
  assert.ok(Math.abs(Math.hypot(...toFeatureSpace(pictures.subarray(0, D), space)) - length) < 1e-6);
  assert.is(made().space.image, undefined);
});

test('DeCap’s memory holds the training texts, or as many of them as asked, chosen by the seed', () => {
  assert.is(made().space.memory, undefined);
  const { rows: all, temperature } = made({ method: 'decap' }).space.memory!;
  assert.is(all.length, 5 * D);
  assert.is(temperature, 0.01);
  const some = (seed: number): Float32Array => made({ method: 'decap', memory: 3, seed }).space.memory!.rows;
  const rowTexts = (memory: Float32Array): string[] =>
    Array.from({ length: memory.length / D }, (_, i) => memory.subarray(i * D, i * D + D).join());
  const known = rowTexts(all);
  assert.is(new Set(rowTexts(some(1))).size, 3);
  assert.ok(rowTexts(some(1)).every((row) => known.includes(row)));
  assert.equal(some(1), some(1));
  assert.ok([2, 3, 4, 5].some((seed) => some(seed).join() !== some(1).join()));
});

test.run();
