// Scores of a test split, and whether the colours and kinds that its captions name are in the pictures.
import type { Captioner } from '@foreword/prefix-mapper';
import { captionScene, createRandom, describeScene } from '@foreword/scenes';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import type { FeatureSet } from '../src/features/feature-cache.ts';
import { evenPart, scoreTest } from '../src/train/score-test.ts';

const test = suite('score test');
const count = 60;

function makeSet({ withScenes = true } = {}): FeatureSet {
  const examples = Array.from({ length: count }, (_, i) => {
    const scene = describeScene({ seed: 8, split: 'test', index: i });
    const captions = captionScene(scene, createRandom(8, i));
    // COCO's ids are in no order.
    return { id: 100 - i, path: `${i}.png`, captions, scene: withScenes ? scene : undefined };
  });
  return { examples, features: Float32Array.from({ length: count }, (_, i) => i), D: 1, skipped: [] };
}

/** Instead of a model: says of a picture, whose feature is its place, what `say` makes of it. */
const captionerThat = (say: (i: number) => string): Captioner =>
  ({
    captionFeatures: async (features: Float32Array[]) =>
      features.map(([i]) => ({ text: say(i), isStopped: true })),
  }) as unknown as Captioner;

const options = { training: ['a'], maxTokens: 10, signal: new AbortController().signal };

test('captions that are references score full marks and name everything rightly', async () => {
  const set = makeSet();
  const { scores, samples } = await scoreTest(
    captionerThat((i) => set.examples[i].captions[0]),
    set,
    options,
  );
  assert.ok(scores.bleu.every((b) => b > 0.999 && b < 1.001));
  assert.ok(scores.rougeL > 0.999);
  assert.is(scores.namedRight, 1);
  assert.is(scores.pictures, count);
  for (const [i, sample] of samples.entries()) {
    const { id, path, captions } = set.examples[i];
    assert.equal([sample.image_id, sample.picture, sample.references], [id, path, captions]);
    assert.is(sample.caption, captions[0]);
  }
});

test('captions of other pictures and empty ones are counted as wrong', async () => {
  const set = makeSet();
  const other = await scoreTest(
    captionerThat((i) => set.examples[(i + 1) % count].captions[0]),
    set,
    options,
  );
  assert.ok(other.scores.namedRight! < 0.3, `${other.scores.namedRight}`);
  const half = await scoreTest(
    captionerThat((i) => (i % 2 ? set.examples[i].captions[1] : 'a picture.')),
    set,
    options,
  );
  assert.is(half.scores.namedRight, 0.5);
  assert.equal(
    half.samples.map(({ namedRight }) => namedRight),
    Array.from({ length: count }, (_, i) => i % 2 === 1),
  );
});

test('pictures without a known scene are not judged', async () => {
  const { scores } = await scoreTest(
    captionerThat(() => 'a red star.'),
    makeSet({ withScenes: false }),
    options,
  );
  assert.is(scores.namedRight, undefined);
});

test('a part of a set is spread evenly over it, with its own features', () => {
  const part = evenPart(makeSet(), 4);
  assert.equal([...part.features], [0, 15, 30, 45]);
  assert.equal(
    part.examples.map(({ id }) => id),
    [100, 85, 70, 55],
  );
  assert.is(evenPart(makeSet(), 1000).examples.length, count);
});

test.run();
