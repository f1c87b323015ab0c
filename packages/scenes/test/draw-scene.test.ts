// Drawing: the same bytes everywhere, objects in their colours, backgrounds that do not look like them.
import { createHash } from 'node:crypto';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { backgrounds } from '../src/backgrounds.ts';
import { colourByName, colours, type Rgb } from '../src/colours.ts';
import { describeScene } from '../src/describe-scene.ts';
import { drawScene } from '../src/draw/draw-scene.ts';
import { kinds } from '../src/kinds.ts';
import type { Group, Scene } from '../src/scene.ts';

const test = suite('drawScene');

test('the pixels of sixty scenes are fixed', () => {
  const hash = createHash('sha256');
  for (let index = 0; index < 60; index++)
    hash.update(drawScene(describeScene({ seed: 1, split: 'val', index })).data);
  assert.is(hash.digest('hex'), 'c8637ceb048952338f50043d224ba8e68707fed48f850ff5aff4b409fea1e2ca');
});

const nearest = (pixel: Rgb) => {
  const distance = (a: Rgb) => Math.hypot(a[0] - pixel[0], a[1] - pixel[1], a[2] - pixel[2]);
  return [...colours].sort((a, b) => distance(a.rgb) - distance(b.rgb))[0].name;
};

test('most pixels of every object are nearest to its own colour', () => {
  for (const kind of kinds) {
    for (const { name: colour } of colours) {
      const group: Group = {
        kind: kind.name,
        colour,
        size: 'large',
        count: 1,
        arrangement: 'single',
        position: 'centre',
        objects: [{ x: 32, y: 32, radius: 14, turn: 2 }],
      };
      const background = { name: 'plain', tone: 'white', grain: 1 } as const;
      const scene: Scene = { width: 64, height: 64, background, groups: [group] };
      const empty = drawScene({ ...scene, groups: [] }).data;
      const { data } = drawScene(scene);
      let inside = 0;
      let right = 0;
      for (let i = 0; i < data.length; i += 3) {
        const pixel = [data[i], data[i + 1], data[i + 2]] as const;
        // The shadow is grey: it moves all channels alike, the object does not (or it is nearly black).
        const change = pixel.map((value, c) => empty[i + c] - value);
        const coloured = Math.max(...change) - Math.min(...change) > 60 || Math.max(...change) > 150;
        if (!coloured) continue;
        inside++;
        if (nearest(pixel) === colour) right++;
      }
      assert.ok(inside > 150, `${colour} ${kind.name}: only ${inside} pixels`);
      assert.ok(right / inside > 0.55, `${colour} ${kind.name}: ${right} of ${inside} pixels look ${colour}`);
    }
  }
});

test('backgrounds keep away from the object colours they may carry', () => {
  for (const kind of backgrounds) {
    for (const tone of kind.tones) {
      const background = { name: kind.name, tone, grain: 77 };
      const { data } = drawScene({ width: 72, height: 64, background, groups: [] });
      for (const colour of colours.filter(({ name }) => !kind.hides.includes(name))) {
        const [r, g, b] = colourByName(colour.name).rgb;
        let close = 0;
        for (let i = 0; i < data.length; i += 3) {
          if (Math.hypot(data[i] - r, data[i + 1] - g, data[i + 2] - b) < 60) close++;
        }
        assert.is(close, 0, `${close} pixels of ${kind.name} (${tone}) look ${colour.name}`);
      }
    }
  }
});

test('edges are smooth: an outline has pixels between paint and background', () => {
  const scene = describeScene({ seed: 1, split: 'train', index: 0 });
  const { data } = drawScene(scene);
  assert.ok(new Set(data).size > 60, 'too few levels for an antialiased picture');
});

test('a picture that is not square shows the same centre square', () => {
  const scene = { ...describeScene({ seed: 1, split: 'train', index: 4 }), width: 64, height: 64 };
  const square = drawScene(scene);
  const wide = drawScene({ ...scene, width: 80 });
  for (let row = 0; row < 64; row++) {
    const middle = wide.data.slice((row * 80 + 8) * 3, (row * 80 + 72) * 3);
    assert.equal(middle, square.data.slice(row * 64 * 3, (row + 1) * 64 * 3), `row ${row}`);
  }
});

test.run();
