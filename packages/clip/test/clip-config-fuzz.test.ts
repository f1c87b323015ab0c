// Damaged config.json files and shapes: a configuration that can be written and read again, or ClipError.
import * as assert from 'uvu/assert';
import {
  ClipError,
  clipConfigJson,
  clipParameterShapes,
  inferClipConfig,
  parseClipConfig,
  vitB32,
} from '@foreword/clip';
import { mutateJson, randomFrom, suite } from '@foreword/test-kit';

const test = suite('clip config fuzz');

const CASES = 10_000;

function countRefused(attempt: (random: () => number) => void): number {
  const random = randomFrom(1);
  let refused = 0;
  for (let n = 0; n < CASES; n++) {
    try {
      attempt(random);
    } catch (error) {
      assert.instance(error, ClipError, `case ${n}: ${String(error)}`);
      refused++;
    }
  }
  return refused;
}

test('damaged values of config.json', () => {
  const json = clipConfigJson(vitB32);
  const refused = countRefused((random) => {
    const config = parseClipConfig(mutateJson(json, random));
    assert.equal(parseClipConfig(clipConfigJson(config)), config);
    for (const shape of clipParameterShapes(config).values()) assert.ok(shape.every(Number.isSafeInteger));
  });
  assert.ok(refused > CASES / 4 && refused < CASES, `${refused} refused`);
});

test('damaged shapes of the tensors that sizes are inferred from', () => {
  const names = [
    'visual.conv1.weight',
    'visual.positional_embedding',
    'token_embedding.weight',
    'positional_embedding',
    'text_projection',
  ];
  const whole = clipParameterShapes(vitB32);
  const refused = countRefused((random) => {
    const shapes = new Map(whole);
    const name = names[Math.floor(random() * names.length)];
    const shape = whole.get(name)!.map((n) => (random() < 0.5 ? n : Math.floor(random() * 3)));
    shapes.set(name, shape.slice(0, Math.floor(random() * 5)));
    const config = inferClipConfig(shapes);
    assert.equal(parseClipConfig(clipConfigJson(config)), config);
  });
  assert.ok(refused > CASES / 4 && refused < CASES, `${refused} refused`);
});

test('damaged shapes of a ResNet', () => {
  const names = [
    'visual.layer1.0.conv1.weight',
    'visual.attnpool.positional_embedding',
    'token_embedding.weight',
    'positional_embedding',
    'text_projection',
  ];
  const vision = { imageSize: 64, width: 4, layers: [1, 2, 1, 1], heads: 2 } as const;
  const whole = clipParameterShapes({ ...vitB32, vision });
  const refused = countRefused((random) => {
    const shapes = new Map(whole);
    const name = names[Math.floor(random() * names.length)];
    const shape = whole.get(name)!.map((n) => (random() < 0.5 ? n : Math.floor(random() * 9)));
    shapes.set(name, shape.slice(0, Math.floor(random() * 5)));
    const stage = [...whole.keys()].filter((key) => /layer\d\.0\.conv1\.weight/.test(key));
    if (random() < 0.1) shapes.delete(stage[Math.floor(random() * stage.length)]);
    const config = inferClipConfig(shapes);
    for (const size of clipParameterShapes(config).values()) assert.ok(size.every(Number.isSafeInteger));
  });
  assert.ok(refused > CASES / 4 && refused < CASES, `${refused} refused`);
});

test.run();
