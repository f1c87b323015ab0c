// Relations between groups, seen from either side.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { isBetween, relationsOf } from '../src/caption/relation.ts';
import { describeScene } from '../src/describe-scene.ts';
import type { Group } from '../src/scene.ts';

const test = suite('relation');

const at = (x: number, y: number, radius = 8): Group => ({
  kind: 'star',
  colour: 'red',
  size: 'small',
  count: 1,
  arrangement: 'single',
  position: 'centre',
  objects: [{ x, y, radius, turn: 0 }],
});

test('names the direction that dominates', () => {
  assert.equal(relationsOf(at(10, 30), at(50, 34)), ['left']);
  assert.equal(relationsOf(at(50, 30), at(10, 34)), ['right']);
  assert.equal(relationsOf(at(30, 10), at(34, 50)), ['above']);
  assert.equal(relationsOf(at(30, 50), at(34, 10)), ['below']);
});

test('things side by side are beside each other only when close', () => {
  assert.equal(relationsOf(at(20, 30), at(40, 30)), ['left', 'beside']);
  assert.equal(relationsOf(at(30, 20), at(30, 40)), ['above', 'near']);
  assert.equal(relationsOf(at(10, 30), at(54, 30)), ['left']);
});

test('both directions hold on a diagonal', () => {
  assert.equal(relationsOf(at(10, 10), at(50, 50)), ['left', 'above']);
});

test('the relation seen from the other side is the opposite', () => {
  const opposite = {
    left: 'right',
    right: 'left',
    above: 'below',
    below: 'above',
    beside: 'beside',
    near: 'near',
  };
  for (let index = 0; index < 300; index++) {
    const { groups } = describeScene({ seed: 3, split: 'train', index });
    if (groups.length < 2) continue;
    const there = relationsOf(groups[0], groups[1]).map((relation) => opposite[relation]);
    assert.equal(there.sort(), relationsOf(groups[1], groups[0]).sort());
  }
});

test('between needs a line, in either order and direction', () => {
  assert.ok(isBetween(at(32, 30), at(10, 32), at(54, 28)));
  assert.ok(isBetween(at(32, 30), at(54, 28), at(10, 32)));
  assert.ok(isBetween(at(30, 32), at(32, 10), at(28, 54)));
  assert.not.ok(isBetween(at(10, 32), at(32, 30), at(54, 28)));
  assert.not.ok(isBetween(at(32, 54), at(10, 12), at(54, 12)));
});

test.run();
