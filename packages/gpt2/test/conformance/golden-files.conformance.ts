// The whole golden files of minGPT's GPT-2, tiny and 124M; needs the folder beside the data, says so without it.
import { join } from 'node:path';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { openDevice, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { goldenErrors } from '../check-golden.ts';
import { goldenModel, openGolden } from '../golden-model.ts';
import { dataFolder, isThere } from './data-folder.ts';

const test = suite('golden files', { timeLimitSeconds: 900 });

let device: Device | undefined;
test.after.each(failOnGpuErrors(() => device));
test.after(() => device?.close());

for (const name of ['gpt2-tiny', 'gpt2-124m']) {
  const path = join(dataFolder, '..', 'golden', `${name}.safetensors`);
  if (!isThere(path, `${name}'s golden`)) continue;
  test(`${name}: logits, loss, input gradient, greedy tokens`, async () => {
    device ??= await openDevice();
    const golden = await openGolden(path);
    const model = goldenModel(device, golden);
    const { greedy, goldenGreedy, ...errors } = await goldenErrors(device, model, golden);
    model.dispose();
    console.log(`\n  ${name}: ${JSON.stringify(errors)}`);
    assert.ok(errors.logits < 1e-4);
    assert.ok(errors.top20Logits < 1e-4);
    assert.ok(errors.isTop20Same);
    assert.ok(errors.loss < 1e-5);
    assert.ok(errors.inputGrad < 1e-3);
    assert.equal(greedy, goldenGreedy);
  });
}

test.run();
