// The whole golden file of minGPT's tiny GPT-2; needs the folder beside the data, says so without it. The 124M one is
// in test/full.
import { join } from 'node:path';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { openDevice, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { goldenErrors } from '../check-golden.ts';
import { goldenModel, openGolden } from '../golden-model.ts';
import { dataFolder, isThere } from './data-folder.ts';

const path = join(dataFolder, '..', 'golden', 'gpt2-tiny.safetensors');
const test = suite('golden file gpt2-tiny', { timeLimitSeconds: 300 });

let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device?.close());

if (isThere(path, "gpt2-tiny's golden")) {
  test('logits, loss, input gradient, greedy tokens', async () => {
    const golden = await openGolden(path);
    const model = await goldenModel(device, golden);
    const { greedy, goldenGreedy, ...errors } = await goldenErrors(device, model, golden);
    model.dispose();
    console.log(`\n  ${JSON.stringify(errors)}`);
    assert.ok(errors.logits < 1e-4);
    assert.ok(errors.top20Logits < 1e-4);
    assert.ok(errors.isTop20Same);
    assert.ok(errors.loss < 1e-5);
    assert.ok(errors.inputGrad < 1e-3);
    assert.equal(greedy, goldenGreedy);
  });
}

test.run();
