// Training and decoding against the whole golden files of ClipCap's programs: every value of every gradient and
// weight, and the decoders for every prefix length. FOREWORD_TEST_DATA names the data folder; the golden files lie
// beside it.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failOnGpuErrors, suite, type GoldenRule } from '@foreword/test-kit';
import { openDevice, openSafetensorsPath, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { goldenModels, readWholeGolden } from '../golden/caption-golden.ts';
import { describeErrors, goldenErrors } from '../golden/golden-run.ts';

const data =
  process.env.FOREWORD_TEST_DATA ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
const folder = join(dirname(data), 'golden');
const pathOf = (name: string): string => join(folder, `${name}.safetensors`);

const missing = ['gpt2-tiny', ...goldenModels].filter((name) => !existsSync(pathOf(name)));
for (const name of missing)
  console.log(`SKIPPED ${name}: ${pathOf(name)} does not exist (set FOREWORD_TEST_DATA)`);

const test = suite('conformance clipcap', { timeLimitSeconds: 900 });
let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

for (const model of missing.includes('gpt2-tiny')
  ? []
  : goldenModels.filter((name) => !missing.includes(name))) {
  test(model, async () => {
    const tiny = await openSafetensorsPath(pathOf('gpt2-tiny'));
    const file = await openSafetensorsPath(pathOf(model));
    const golden = await readWholeGolden(file, JSON.parse(tiny.metadata.rules) as Record<string, GoldenRule>);
    await file.close();
    await tiny.close();
    const errors = await goldenErrors(device, golden, { decodes: true });
    console.log(`  ${model}: ${describeErrors(errors)}`);
    assert.ok(errors.loss <= 1e-5, `losses: ${errors.loss}`);
    assert.ok(errors.prefix <= 1e-4, `first prefix: ${errors.prefix}`);
    for (const key of ['gradNorm', 'gradient', 'finalWeight'] as const) {
      assert.ok(errors[key] <= 1e-3, `${key}: ${errors[key]}`);
    }
    assert.equal(errors.greedy, golden.greedy);
    assert.equal(errors.beams, golden.beams);
  });
}

test.run();
