// The random generator: the same keys give the same numbers everywhere, and its choices are fair.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { createRandom, fnv1a } from '../src/random.ts';

const test = suite('random');

test('fnv1a gives the published values', () => {
  assert.is(fnv1a(''), 0x811c9dc5);
  assert.is(fnv1a('a'), 0xe40c292c);
  assert.is(fnv1a('foobar'), 0xbf9cf968);
});

test('the same keys give the same stream, other keys another', () => {
  const draw = (...keys: (number | string)[]) => {
    const random = createRandom(...keys);
    return Array.from({ length: 8 }, () => random.float());
  };
  assert.equal(draw(1, 'train', 7), draw(1, 'train', 7));
  assert.not.equal(draw(1, 'train', 7), draw(1, 'train', 8));
  assert.not.equal(draw(1, 'train', 7), draw(1, 'val', 7));
  assert.not.equal(draw(1, 23), draw(12, 3));
});

test('the stream is fixed', () => {
  const random = createRandom(1, 'train', 0);
  const got = Array.from({ length: 4 }, () => random.integer(1_000_000));
  assert.equal(got, [225444, 58036, 985730, 465023]);
});

test('numbers are spread evenly and stay in range', () => {
  const random = createRandom('spread');
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 20_000; i++) counts[random.integer(10)]++;
  for (const count of counts) assert.ok(Math.abs(count - 2000) < 200, `${count} of 20000 in a tenth`);
});

test('weighted choices follow their weights', () => {
  const random = createRandom('weights');
  let heavy = 0;
  for (let i = 0; i < 10_000; i++) {
    if (
      random.weighted([
        [3, true],
        [1, false],
        [0, null],
      ])
    )
      heavy++;
  }
  assert.ok(Math.abs(heavy - 7500) < 200, `${heavy} of 10000`);
});

test('shuffling keeps all elements and leaves the input alone', () => {
  const input = [1, 2, 3, 4, 5];
  const out = createRandom('shuffle').shuffled(input);
  assert.equal(input, [1, 2, 3, 4, 5]);
  assert.equal(
    [...out].sort((a, b) => a - b),
    input,
  );
});

test.run();
