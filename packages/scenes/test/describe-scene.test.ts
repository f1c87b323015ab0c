// Scenes: well formed, spread as intended, and never shared between splits.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { backgroundByName } from '../src/backgrounds.ts';
import { describeScene } from '../src/describe-scene.ts';
import { sceneKey, splitOfScene } from '../src/scene-key.ts';
import { groupBox, type Scene, type SplitName } from '../src/scene.ts';

const test = suite('describeScene', { timeLimitSeconds: 180 });

const scenesOf = (split: SplitName, count: number): Scene[] =>
  Array.from({ length: count }, (_, index) => describeScene({ seed: 1, split, index }));
const train = scenesOf('train', 2000);

test('the same order gives the same scene, another seed another', () => {
  const order = { seed: 1, split: 'val', index: 3 } as const;
  assert.equal(describeScene(order), describeScene(order));
  assert.not.equal(describeScene(order), describeScene({ ...order, seed: 2 }));
});

test('no description stands in two splits, whatever the seed', () => {
  const keys = new Map<string, SplitName>();
  for (const seed of [1, 2]) {
    for (const split of ['train', 'val', 'test'] as const) {
      for (let index = 0; index < 250; index++) {
        const scene = describeScene({ seed, split, index });
        assert.is(splitOfScene(scene), split);
        const before = keys.get(sceneKey(scene));
        assert.ok(before === undefined || before === split, `${sceneKey(scene)} in ${before} and ${split}`);
        keys.set(sceneKey(scene), split);
      }
    }
  }
  assert.ok(keys.size > 1300, `${keys.size} different descriptions of 1500`);
});

test('scenes have one, two or three groups as often as intended', () => {
  const share = (n: number) => train.filter((scene) => scene.groups.length === n).length / train.length;
  assert.ok(Math.abs(share(1) - 0.3) < 0.04, `one group: ${share(1)}`);
  assert.ok(Math.abs(share(2) - 0.45) < 0.04, `two groups: ${share(2)}`);
  assert.ok(Math.abs(share(3) - 0.25) < 0.04, `three groups: ${share(3)}`);
});

test('every kind, colour, size and count occurs often', () => {
  const seen = new Map<string, number>();
  for (const { groups } of train) {
    for (const { kind, colour, size, count } of groups) {
      for (const word of [kind, colour, size, String(count)]) seen.set(word, (seen.get(word) ?? 0) + 1);
    }
  }
  assert.is(seen.size, 8 + 8 + 2 + 4);
  for (const [word, times] of seen)
    assert.ok(times > 100, `${word} ${times} times in ${train.length} scenes`);
});

test('objects are big enough, inside the centre square and apart', () => {
  let closest = Infinity;
  for (const scene of train) {
    const short = Math.min(scene.width, scene.height);
    assert.ok(short >= 64 && Math.max(scene.width, scene.height) <= 96, `${scene.width} × ${scene.height}`);
    const objects = scene.groups.flatMap((group) => {
      assert.is(group.objects.length, group.count);
      for (const { radius } of group.objects) {
        const diameter = 2 * radius;
        if (group.size === 'small') assert.ok(diameter >= 15 && diameter <= 16, `small: ${diameter}`);
        else assert.ok(diameter >= 25 && diameter <= 30, `large: ${diameter}`);
      }
      return group.objects;
    });
    for (const [i, a] of objects.entries()) {
      assert.ok(a.x - a.radius >= 0 && a.x + a.radius <= 64, sceneKey(scene));
      assert.ok(a.y - a.radius >= 0 && a.y + a.radius <= 64, sceneKey(scene));
      for (const b of objects.slice(i + 1)) {
        // No shape reaches further than 0.97 of its radius along an axis.
        const apart = Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y)) - 0.97 * (a.radius + b.radius);
        closest = Math.min(closest, apart);
      }
    }
  }
  assert.ok(closest > -0.8, `two objects overlap by ${-closest}`);
});

test('groups differ in looks, stand apart and show on their background', () => {
  for (const { groups, background } of train) {
    const looks = groups.map((group) => `${group.colour} ${group.kind}`);
    assert.is(new Set(looks).size, looks.length);
    const hidden = backgroundByName(background.name).hides;
    for (const [i, group] of groups.entries()) {
      assert.not.ok(hidden.includes(group.colour), `${group.colour} on ${background.name}`);
      const a = groupBox(group);
      for (const other of groups.slice(i + 1)) {
        const b = groupBox(other);
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        assert.ok(Math.min(across, down) < 2, 'boxes of two groups overlap');
      }
    }
  }
});

test('a scene survives JSON unchanged, so it can be drawn again from the annotations', () => {
  for (const scene of train.slice(0, 100)) assert.equal(JSON.parse(JSON.stringify(scene)), scene);
});

test.run();
