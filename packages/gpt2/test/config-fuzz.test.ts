// Damaged config.json files: a configuration that can be written and read again, or Gpt2ConfigError.
import { mutateJson, randomFrom, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  gpt2ConfigJson,
  Gpt2ConfigError,
  parameterShapes,
  parseGpt2Config,
  type Gpt2ConfigInput,
} from '../src/index.ts';

const test = suite('configuration fuzz');

const CASES = 10_000;

test('damaged values', () => {
  const small = parseGpt2Config({ vocab_size: 10, n_positions: 8, n_embd: 4, n_layer: 2, n_head: 2 });
  const json: unknown = JSON.parse(gpt2ConfigJson(small));
  const random = randomFrom(1);
  let refused = 0;
  for (let n = 0; n < CASES; n++) {
    const damaged = mutateJson(json, random);
    try {
      const config = parseGpt2Config(damaged as Gpt2ConfigInput);
      assert.equal(parseGpt2Config(JSON.parse(gpt2ConfigJson(config)) as Gpt2ConfigInput), config);
      for (const shape of parameterShapes(config).values()) assert.ok(shape.every(Number.isSafeInteger));
    } catch (error) {
      assert.instance(error, Gpt2ConfigError, `case ${n}: ${String(error)}: ${JSON.stringify(damaged)}`);
      refused++;
    }
  }
  assert.ok(refused > CASES / 4 && refused < CASES, `${refused} refused`);
});

test.run();
