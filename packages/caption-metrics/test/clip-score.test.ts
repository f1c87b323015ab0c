// CLIPScore and RefCLIPScore against numpy.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { clipScore } from '../src/clip-score.ts';
import { roundsTo } from './corpora.ts';
import { readGolden } from './golden.ts';

const test = suite('clip score');

interface Golden {
  images: number[][];
  captions: number[][];
  references: number[][][];
  clipScore: number[];
  refClipScore: number[];
}
const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

test('CLIPScore and RefCLIPScore of random features', () => {
  const golden = readGolden('clip-score.json') as Golden;
  const result = clipScore(golden);
  golden.clipScore.forEach((value, i) =>
    roundsTo(result.perImage[i], value, { decimals: 12, what: `image ${i}` }),
  );
  golden.refClipScore.forEach((value, i) =>
    roundsTo(result.refPerImage?.[i] ?? NaN, value, { decimals: 12, what: `image ${i} with references` }),
  );
  roundsTo(result.clipScore, mean(golden.clipScore), { decimals: 12, what: 'mean' });
  roundsTo(result.refClipScore ?? NaN, mean(golden.refClipScore), {
    decimals: 12,
    what: 'mean with references',
  });
});

test('by hand: length does not matter, opposite directions count 0', () => {
  const result = clipScore({
    images: [Float32Array.of(3, 0), [0, 1]],
    captions: [Float32Array.of(1, 1), [0, -2]],
  });
  roundsTo(result.perImage[0], 2.5 * Math.SQRT1_2, { decimals: 12, what: '45 degrees' });
  assert.is(result.perImage[1], 0);
  assert.is(result.refClipScore, undefined);
});

test('references that all point away make RefCLIPScore 0, not less', () => {
  const result = clipScore({ images: [[1, 0]], captions: [[1, 0]], references: [[[-1, 0]]] });
  assert.equal([result.clipScore, result.refClipScore], [2.5, 0]);
});

test('features that do not fit are refused', () => {
  const images = [[1, 0]];
  assert.throws(() => clipScore({ images: [], captions: [] }), /no image/);
  assert.throws(() => clipScore({ images, captions: [] }), /1 image features but 0 caption features/);
  assert.throws(() => clipScore({ images, captions: [[1, 0, 0]] }), /image 0 differ in length \(2 ≠ 3\)/);
  assert.throws(() => clipScore({ images, captions: [[0, 0]] }), /zero or not finite/);
  assert.throws(() => clipScore({ images, captions: images, references: [[]] }), /no reference feature/);
});

test.run();
