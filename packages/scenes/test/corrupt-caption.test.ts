// Corrupted captions are wrong, differ by a word or two, and read as well as the true ones.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { captionScene, checkCaption, corruptCaption, createRandom, describeScene } from '../src/index.ts';

const test = suite('corrupt caption');

const cases = Array.from({ length: 60 }, (_, index) => {
  const scene = describeScene({ seed: 1, split: 'train', index });
  return { scene, captions: captionScene(scene, createRandom('captions', index)) };
});
const wordsOf = (text: string): string[] => text.match(/[A-Za-z]+/g) ?? [];
const article = /^an?$/i;

test('a corrupted caption is wrong of its scene and keeps all words but one or two', () => {
  let made = 0;
  for (const { scene, captions } of cases) {
    for (const [i, caption] of captions.entries()) {
      const corrupted = corruptCaption(caption, scene, createRandom('corrupt', made, i));
      if (corrupted === undefined) continue;
      made++;
      assert.ok(checkCaption(corrupted, scene).wrong.length > 0, corrupted);
      const [before, after] = [wordsOf(caption), wordsOf(corrupted)];
      assert.is(after.length, before.length);
      const changed = before.filter((word, at) => word !== after[at] && !article.test(word)).length;
      assert.ok(changed === 1 || changed === 2, `${caption} → ${corrupted}`);
    }
  }
  assert.ok(made > 290, `${made} of 300 captions`);
});

test('articles fit the words behind them', () => {
  for (const { scene, captions } of cases) {
    for (const caption of captions) {
      const corrupted = corruptCaption(caption, scene, createRandom('articles', caption)) ?? '';
      assert.not.match(corrupted, /\b[Aa] [aeio]|\b[Aa]n [^aeio]/);
    }
  }
});

test('words are swapped as well as replaced', () => {
  const scene = cases.map((c) => c.scene).find((s) => new Set(s.groups.map((g) => g.colour)).size > 1)!;
  const [one, two] = [scene.groups[0], scene.groups.find((g) => g.colour !== scene.groups[0].colour)!];
  const caption = `A ${one.colour} ${one.kind} and a ${two.colour} ${two.kind}.`;
  const found = new Set(
    Array.from({ length: 200 }, (_, i) => corruptCaption(caption, scene, createRandom('swap', i))),
  );
  const swapped = `${two.colour} ${one.kind} and a`;
  assert.ok([...found].some((text) => text?.includes(swapped) && text.includes(`${one.colour} ${two.kind}`)));
  assert.ok(found.size > 10);
});

test('a caption that names neither colour nor kind cannot be made wrong', () => {
  assert.is(corruptCaption('A picture of some things.', cases[0].scene, createRandom(1)), undefined);
});

test.run();
