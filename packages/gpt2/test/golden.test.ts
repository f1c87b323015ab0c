// GPT-2 and ClipCap's decoders against figures of the original programs.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { openDevice, tensor, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { Gpt2Generator, type Gpt2 } from '../src/index.ts';
import { goldenErrors, type GoldenErrors } from './check-golden.ts';
import { goldenFolder, goldenModel, openGolden, type GoldenFile } from './golden-model.ts';

const test = suite('goldens', { timeLimitSeconds: 120 });

let device: Device;
let model: Gpt2;
let errors: GoldenErrors;
let search: GoldenFile;

test.before(async () => {
  device = await openDevice();
  const golden = await openGolden(new URL('gpt2-tiny.safetensors', goldenFolder));
  search = await openGolden(new URL('clipcap-search.safetensors', goldenFolder));
  model = await goldenModel(device, golden);
  errors = await goldenErrors(device, model, golden);
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

test('logits within 1e-4 of their norm, and the 20 likeliest tokens', () => {
  assert.ok(errors.logits < 1e-4, `${errors.logits}`);
  assert.ok(errors.top20Logits < 1e-4, `${errors.top20Logits}`);
  assert.ok(errors.isTop20Same);
});

test('loss within 1e-5', () => assert.ok(errors.loss < 1e-5, `${errors.loss}`));

test('gradient of the input embeddings within 1e-3 of its norm', () => {
  assert.ok(errors.inputGrad < 1e-3, `${errors.inputGrad}`);
});

test('24 greedy tokens', () => assert.equal(errors.greedy, errors.goldenGreedy));

for (const P of [1, 10, 20]) {
  test(`ClipCap’s decoders after a prefix of ${P}`, async () => {
    const generator = new Gpt2Generator(model);
    const prefix = tensor(device, await search.floats(`p${P}.prefix`), [1, P, 64]);
    const common = { prefix, stop: [7], maxTokens: 20 };
    const [greedy] = await generator.generate(common);
    assert.equal(greedy.ids, [...(await search.integers(`p${P}.greedy`))]);
    const [{ others, ...best }] = await generator.generate({ ...common, decode: { method: 'beam' } });
    const wanted = await search.integers(`p${P}.beam5`);
    [best, ...others].forEach(({ ids }, beam) => {
      assert.equal(ids, [...wanted.subarray(20 * beam, 20 * (beam + 1))], `beam ${beam}`);
    });
    generator.dispose();
    prefix.dispose();
  });
}

test.run();
