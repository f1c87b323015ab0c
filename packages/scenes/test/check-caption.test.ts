// Judging captions: all references pass, captions that name other things do not.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import type { BackgroundName } from '../src/backgrounds.ts';
import { captionScene } from '../src/caption/caption-scene.ts';
import { checkCaption, colourNames, kindNames } from '../src/check-caption.ts';
import type { ColourName } from '../src/colours.ts';
import { describeScene } from '../src/describe-scene.ts';
import { type KindName, kinds } from '../src/kinds.ts';
import { createRandom } from '../src/random.ts';
import type { Scene } from '../src/scene.ts';

const test = suite('checkCaption', { timeLimitSeconds: 180 });

/** A scene of "red star"-like pairs on a plain white background, or another. */
function sceneOf(pairs: string, background: BackgroundName = 'plain', tone = 'white'): Scene {
  const groups = pairs.split(', ').map((pair) => {
    const [colour, kind] = pair.split(' ') as [ColourName, KindName];
    return {
      kind,
      colour,
      size: 'small',
      count: 1,
      arrangement: 'single',
      position: 'centre',
      objects: [],
    } as const;
  });
  return { width: 64, height: 64, background: { name: background, tone, grain: 0 }, groups };
}

const redStarBlueBox = sceneOf('red star, blue square');

test('names what a caption mentions', () => {
  const check = checkCaption(
    'A tiny red star above two big blue boxes on a white background.',
    redStarBlueBox,
  );
  assert.equal(check.pairs, [
    { colour: 'red', kind: 'star' },
    { colour: 'blue', kind: 'square' },
  ]);
  assert.equal(check.backgroundColours, ['white']);
  assert.equal([check.bareKinds, check.bareColours, check.wrong], [[], [], []]);
  assert.ok(check.correct);
});

const right: [string, Scene][] = [
  ['A red star next to a blue block.', redStarBlueBox],
  ['The star is red and the square is blue', redStarBlueBox],
  ['The stars are small and red, while the blue box is large.', redStarBlueBox],
  ['There are a star and a box.', redStarBlueBox],
  ['A red shape above a blue object.', redStarBlueBox],
  ['Both the ring and the heart are pink.', sceneOf('pink ring, pink heart')],
  ['A red star and a blue one.', sceneOf('red star, blue star')],
  ['Two green ones below a violet blossom and a green crescent.', sceneOf('green moon, purple flower')],
  ['Red and blue stars.', sceneOf('red star, blue star')],
  ['A red heart on the grass under a blue sky.', sceneOf('red heart', 'meadow', 'day')],
  ['A red heart on green grass.', sceneOf('red heart', 'meadow', 'day')],
];
for (const [caption, scene] of right) {
  test(`right: ${caption}`, () => assert.equal(checkCaption(caption, scene).wrong, []));
}

const wrong: [string, Scene, string[]][] = [
  ['A blue star and a red box.', redStarBlueBox, ['blue star', 'red square']],
  ['A red star and a green box.', redStarBlueBox, ['green square']],
  ['Three red rings.', redStarBlueBox, ['red ring']],
  ['A ring and a red star.', redStarBlueBox, ['ring']],
  ['A green shape.', redStarBlueBox, ['green']],
  ['The star is blue and the box is red.', redStarBlueBox, ['blue star', 'red square']],
  ['The star is red and the box is red.', redStarBlueBox, ['red square']],
  ['A red star and a blue one.', redStarBlueBox, ['blue star']],
  ['Red and blue stars.', redStarBlueBox, ['blue star']],
  ['A red star on a grey background.', redStarBlueBox, ['grey background']],
  ['A red star under a blue sky.', redStarBlueBox, ['blue background']],
  ['A red star in green.', redStarBlueBox, ['green']],
];
for (const [caption, scene, names] of wrong) {
  test(`wrong: ${caption}`, () => {
    const check = checkCaption(caption, scene);
    assert.equal(check.wrong, names);
    assert.not.ok(check.correct);
  });
}

test('a caption that names nothing is not correct', () => {
  assert.not.ok(checkCaption('', redStarBlueBox).correct);
  assert.not.ok(checkCaption('We see something on the table.', redStarBlueBox).correct);
});

test('every reference caption of thousands of scenes is correct', () => {
  let pairs = 0;
  for (let index = 0; index < 2000; index++) {
    const split = (['train', 'val', 'test'] as const)[index % 10 === 0 ? 1 : index % 10 === 1 ? 2 : 0];
    const scene = describeScene({ seed: 5, split, index });
    for (const caption of captionScene(scene, createRandom('check', index))) {
      const check = checkCaption(caption, scene);
      assert.ok(check.correct, `${caption} → ${check.wrong.join(', ')}`);
      pairs += check.pairs.length;
    }
  }
  assert.ok(pairs > 15_000, `${pairs} pairs in 10000 captions`);
});

test('a reference with one colour or kind replaced by an absent one is caught', () => {
  let changed = 0;
  for (let index = 0; index < 600; index++) {
    const scene = describeScene({ seed: 6, split: 'train', index });
    const random = createRandom('replace', index);
    const absentColour = colourNames.find((name) => !scene.groups.some((group) => group.colour === name))!;
    const absentKind = kinds.find((kind) => !scene.groups.some((group) => group.kind === kind.name))!;
    const { colour, kind: kindName } = random.pick(scene.groups);
    const kind = kinds.find((one) => one.name === kindName)!;
    for (const caption of captionScene(scene, random)) {
      const lied = [caption.replace(new RegExp(`\\b${colour}\\b(?! sky| water| grass)`, 'i'), absentColour)];
      for (const noun of kind.nouns) {
        lied.push(caption.replace(new RegExp(`\\b${noun.singular}\\b`), absentKind.nouns[0].singular));
        lied.push(caption.replace(new RegExp(`\\b${noun.plural}\\b`), absentKind.nouns[0].plural));
      }
      for (const lie of lied.filter((text) => text !== caption)) {
        assert.not.ok(checkCaption(lie, scene).correct, `${caption} → ${lie}`);
        changed++;
      }
    }
  }
  assert.ok(changed > 3000, `${changed} captions changed`);
});

test('the lists for zero-shot classification hold the canonical names', () => {
  assert.equal(colourNames, ['red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'black']);
  assert.is(kindNames.length, 8);
  for (const kind of kinds) assert.is(kind.nouns[0].singular, kind.name);
});

test.run();
