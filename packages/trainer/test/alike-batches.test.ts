// Batches of pictures that look alike: complete, repeatable, and truly alike.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { alikeBatches } from '../src/pretrain/alike-batches.ts';
import { dot, unit } from '../src/pretrain/vectors.ts';

const test = suite('alike batches');

/** 64 pictures of eight sorts; those of one sort point nearly the same way. */
const sortOf = (i: number): number => i % 8;
const features = Array.from({ length: 64 }, (_, i) =>
  unit(Float32Array.from({ length: 9 }, (_, c) => (c === sortOf(i) ? 10 : c === 8 ? i / 64 : 0))),
);

test('each picture stands in one batch, and what fills none is left out', () => {
  for (const group of [1, 8]) {
    const batches = alikeBatches(features.slice(0, 60), { batch: 16, group, seed: 3 });
    assert.is(batches.length, 3);
    assert.is(new Set(batches.flatMap((b) => [...b])).size, 48);
  }
});

test('a group holds one picture and those most like it', () => {
  for (const batch of alikeBatches(features, { batch: 16, group: 8, seed: 3 })) {
    assert.is(new Set([...batch].map(sortOf)).size, 2);
  }
  const atRandom = alikeBatches(features, { batch: 16, group: 1, seed: 3 });
  assert.ok(atRandom.some((batch) => new Set([...batch].map(sortOf)).size > 4));
});

test('the seed alone decides', () => {
  const of = (seed: number): number[] =>
    alikeBatches(features, { batch: 16, group: 4, seed }).flatMap((b) => [...b]);
  assert.equal(of(1), of(1));
  assert.not.equal(of(1), of(2));
});

test('unit vectors', () => {
  assert.equal([...unit(Float32Array.of(3, 4))], [...Float32Array.of(0.6, 0.8)]);
  assert.equal([...unit(Float32Array.of(0, 0))], [0, 0]);
  assert.is(dot(Float32Array.of(1, 2), Float32Array.of(3, 4)), 11);
});

test.run();
