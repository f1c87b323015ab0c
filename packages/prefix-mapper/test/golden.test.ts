// Mappers, training loss and decoders against figures of ClipCap's own programs.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { compile, openDevice, tensor, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { goldenModels, readCompactGolden } from './golden/caption-golden.ts';
import {
  batchOf,
  batchSizes,
  describeErrors,
  goldenErrors,
  goldenModelsOf,
  learningRate,
  stepOf,
} from './golden/golden-run.ts';

const test = suite('goldens', { timeLimitSeconds: 900 });
let device: Device;

test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

for (const model of goldenModels) {
  // The decoders after prefixes of 1 and 20 rows are held to their ids by the tests of @foreword/gpt2; each prefix
  // length costs a set of kernels to compile.
  const decodes = !/-p(1|20)$/.test(model);
  test(`${model}: six training steps${decodes ? ', then beam search and greedy' : ''}`, async () => {
    const golden = await readCompactGolden(model);
    const before = device.stats.liveBytes;
    const errors = await goldenErrors(device, golden, { decodes });
    console.log(`  ${model}: ${describeErrors(errors)}`);
    assert.ok(errors.loss <= 1e-5, `losses: ${errors.loss}`);
    assert.ok(errors.gradNorm <= 1e-3, `gradient norms: ${errors.gradNorm}`);
    assert.ok(errors.prefix <= 1e-4, `first prefix: ${errors.prefix}`);
    assert.ok(errors.gradient <= 1e-3, `first gradients: ${errors.gradient}`);
    assert.ok(errors.finalWeight <= 1e-3, `weights after step 6: ${errors.finalWeight}`);
    if (decodes) {
      assert.equal(errors.greedy, golden.greedy);
      assert.equal(errors.beams, golden.beams);
    }
    assert.is(device.stats.liveBytes, before, 'all memory is freed');
  });
}

for (const model of ['clipcap-mlp-p10', 'clipcap-transformer-p4-tuned'] as const) {
  test(`${model}: a replayed plan gives the losses of the eager step, bit for bit`, async () => {
    const golden = await readCompactGolden(model);
    const { B, T, D } = batchSizes;
    const eager = await goldenModelsOf(device, golden);
    const replayed = await goldenModelsOf(device, golden);
    const plan = await compile(
      device,
      { features: { shape: [B, D] }, tokens: { shape: [B, T], dtype: 'i32' } },
      (inputs) => stepOf(replayed, { ...inputs, ignoreIndex: 0 }),
    );
    const seen = new Set<number>();
    for (let step = 0; step < 4; step++) {
      const { features, tokens } = batchOf(golden, step);
      for (const { optimiser } of [eager, replayed])
        optimiser.schedule(step + 1, learningRate(golden.settings, step));
      const wanted = await device.scope(async () => {
        const given = {
          features: tensor(device, features, [B, D]),
          tokens: tensor(device, tokens, [B, T], { dtype: 'i32' }),
          ignoreIndex: 0,
        };
        const { loss, norm } = stepOf(eager, given);
        return [await loss.item(), await norm.item()];
      });
      const { loss, norm } = plan.run({ features, tokens });
      assert.equal([await loss.item(), await norm.item()], wanted, `step ${step}`);
      seen.add(wanted[0]);
    }
    assert.is(seen.size, 4);
    plan.dispose();
    eager.dispose();
    replayed.dispose();
  });
}

test.run();
