// Damage is the same for the same seed, never touches the original, and does change things.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mutateBytes, mutateJson, randomFrom } from '../src/index.ts';

const json = { sizes: [1, 2, { deep: 'text' }], name: 'x', nothing: null };
const bytes = Uint8Array.from({ length: 40 }, (_, i) => i);

test('the same seed gives the same damage, another one other damage', () => {
  const draw = (seed: number): unknown[] => {
    const random = randomFrom(seed);
    return Array.from({ length: 50 }, () => [[...mutateBytes(bytes, random)], mutateJson(json, random)]);
  };
  assert.equal(draw(3), draw(3));
  assert.is.not(JSON.stringify(draw(3)), JSON.stringify(draw(4)));
});

test('most copies differ, and the original stays', () => {
  const random = randomFrom(1);
  const text = JSON.stringify(json);
  let [differing, shorter] = [0, 0];
  for (let i = 0; i < 1000; i++) {
    const copy = mutateBytes(bytes, random);
    if (copy.length < bytes.length) shorter++;
    if (JSON.stringify(mutateJson(json, random)) !== text) differing++;
  }
  assert.ok(differing > 900, `${differing} differ`);
  assert.ok(shorter > 200, `${shorter} are shorter`);
  assert.is(JSON.stringify(json), text);
  assert.equal([...bytes], [...bytes.keys()]);
});

test.run();
