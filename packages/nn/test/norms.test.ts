// RMSNorm, GroupNorm, BatchNorm2d, pools and convolutions as modules: what the layers add to the ops they stand on.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { openDevice, tensor, type Tensor } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  GroupNorm,
  MaxPool2d,
  ModuleError,
  RMSNorm,
  seeded,
  shapesOf,
} from '../src/index.ts';

const device = await openDevice();
const test = suite('norms, pools and convolutions');
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const near = (actual: ArrayLike<number>, wanted: readonly number[]): void =>
  wanted.forEach((want, i) => assert.ok(Math.abs(actual[i] - want) < 1e-5, `${i}: ${actual[i]} ≠ ${want}`));
const valuesOf = async (make: () => Tensor): Promise<number[]> =>
  await device.scope(async () => [...(await make().read())]);

test('RMSNorm divides by the root of the mean square', async () => {
  const norm = new RMSNorm(seeded(device, { seed: 1 }), 2);
  near(await valuesOf(() => norm.forward(tensor(device, [3, 4], [1, 2]))), [
    3 / Math.sqrt(12.5),
    4 / Math.sqrt(12.5),
  ]);
  norm.dispose();
});

test('GroupNorm brings each group of channels to mean 0 and variance 1', async () => {
  const norm = new GroupNorm(seeded(device, { seed: 1 }), 2, 4);
  const x = (): Tensor => tensor(device, [1, 3, 10, 30], [1, 1, 1, 4]);
  near(
    await valuesOf(() => norm.forward(x())),
    [-1, 1, -1, 1].map((v, i) => v * Math.sqrt(i < 2 ? 1 / 1.00001 : 100 / 100.00001)),
  );
  assert.throws(
    () => new GroupNorm(seeded(device, { seed: 1 }), 3, 4),
    (e: Error) => e instanceof ModuleError && /4 channels/.test(e.message),
  );
  norm.dispose();
});

test('BatchNorm2d uses the batch while training, moves its buffers, and uses them after eval', async () => {
  const norm = new BatchNorm2d(seeded(device, { seed: 1 }), 1);
  const x = (): Tensor => tensor(device, [1, 3], [2, 1, 1, 1]);
  const scale = 1 / Math.sqrt(1.00001);
  near(await valuesOf(() => norm.forward(x())), [-scale, scale]);
  // 0.9 · 0 + 0.1 · 2, and 0.9 · 1 + 0.1 · 2 (the variance as a sample).
  near(await norm.running_mean.read(), [0.2]);
  near(await norm.running_var.read(), [1.1]);
  norm.eval();
  near(
    await valuesOf(() => norm.forward(x())),
    [0.8, 2.8].map((v) => v / Math.sqrt(1.10001)),
  );
  near(await norm.running_mean.read(), [0.2]);
  assert.equal([...norm.namedParameters().keys()], ['weight', 'bias']);
  assert.equal([...norm.namedBuffers().keys()], ['running_mean', 'running_var']);
  norm.dispose();
});

test('shapes of convolutions, and of what they make', async () => {
  const p = (): ReturnType<typeof seeded> => seeded(device, { seed: 1 });
  const shapes = (make: Parameters<typeof shapesOf>[0]): unknown => Object.fromEntries(shapesOf(make));
  assert.equal(
    shapes((q) => new Conv2d(q, 4, 6, [3, 5], { groups: 2 })),
    { weight: [3, 5, 2, 6], bias: [6] },
  );
  assert.equal(
    shapes((q) => new ConvTranspose2d(q, 4, 6, 3, { bias: false })),
    { weight: [3, 3, 6, 4] },
  );
  assert.equal(
    shapes((q) => new Conv1d(q, 4, 6, 3)),
    { weight: [3, 4, 6], bias: [6] },
  );
  device.scope(() => {
    const images = tensor(device, new Float32Array(64 * 4), [1, 8, 8, 4]);
    assert.equal(new Conv2d(p(), 4, 6, 3, { stride: 2, padding: 1 }).forward(images).shape, [1, 4, 4, 6]);
    const up = new ConvTranspose2d(p(), 4, 2, 3, { stride: 2, padding: 1, outputPadding: 1 });
    assert.equal(up.forward(images).shape, [1, 16, 16, 2]);
    assert.equal(new MaxPool2d(2).forward(images).shape, [1, 4, 4, 4]);
    assert.equal(new AdaptiveAvgPool2d(1).forward(images).shape, [1, 1, 1, 4]);
    const row = tensor(device, new Float32Array(20), [1, 5, 4]);
    assert.equal(new Conv1d(p(), 4, 6, 3, { padding: 'same' }).forward(row).shape, [1, 5, 6]);
  });
});

test.run();
