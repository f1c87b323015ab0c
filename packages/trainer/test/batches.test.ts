// Epochs: every picture once, determined by seed and epoch, padded with 0 in buckets of 8.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { shuffledIndices } from '../src/data/random.ts';
import { epochBatches, type TokenizedSet } from '../src/train/batches.ts';
import { linearSchedule } from '../src/train/schedule.ts';

const test = suite('batches');

const set: TokenizedSet = {
  D: 1,
  skipped: [],
  features: Float32Array.from({ length: 50 }, (_, i) => i),
  examples: Array.from({ length: 50 }, (_, id) => ({ id, path: '', captions: ['x', 'y'] })),
  tokens: Array.from({ length: 50 }, (_, i) => [
    Array.from({ length: 1 + (i % 20) }, () => i + 1),
    [i + 1, i + 1],
  ]),
};

test('an epoch shows each picture once and drops the rest of the last batch', () => {
  const batches = epochBatches(set, { seed: 1, epoch: 0, batch: 8, mostTokens: 60 });
  assert.is(batches.length, 6);
  const seen = batches.flatMap((b) => [...b.features]);
  assert.is(new Set(seen).size, 48);
});

test('tokens belong to their picture and are padded with 0', () => {
  for (const { features, tokens, T, tokenCount } of epochBatches(set, {
    seed: 1,
    epoch: 0,
    batch: 8,
    mostTokens: 60,
  })) {
    assert.is(T % 8, 0);
    let count = 0;
    features.forEach((feature, b) => {
      const row = [...tokens.subarray(b * T, (b + 1) * T)].filter((id) => id !== 0);
      assert.ok(row.length > 0 && row.every((id) => id === feature + 1));
      count += row.length;
    });
    assert.is(tokenCount, count);
  }
});

test('order depends on seed and epoch only', () => {
  const of = (seed: number, epoch: number): string =>
    epochBatches(set, { seed, epoch, batch: 8, mostTokens: 60 })
      .map((b) => b.features.join())
      .join('|');
  assert.is(of(1, 0), of(1, 0));
  assert.is.not(of(1, 0), of(1, 1));
  assert.is.not(of(1, 0), of(2, 0));
});

test('captions longer than the room are cut', () => {
  const batches = epochBatches(set, { seed: 1, epoch: 0, batch: 8, mostTokens: 5 });
  assert.ok(batches.every((b) => b.T <= 5));
});

test('a shuffle is a permutation', () => {
  assert.equal(
    [...shuffledIndices(100, 5)].sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
});

test("ClipCap's schedule: 0 at the first step, the peak after warm-up, 0 at the end", () => {
  const at = (step: number): number => linearSchedule(step, { peak: 2, warmup: 10, total: 110 });
  assert.equal([at(0), at(5), at(10), at(60), at(110)], [0, 1, 2, 1, 0]);
});

test.run();
