// One small step measured for real: counts, not times.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { matmul, openDevice, softmax, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { measurePeaks } from '../src/measure-peaks.ts';
import { measureStep } from '../src/measure-plan.ts';

const test = suite('measure plan');

let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

test('kernels, operations and bytes are those of one replay, and memory is given back', async () => {
  const before = device.stats.liveBytes;
  const row = await measureStep(
    device,
    {
      op: 'product and softmax',
      shape: '[8, 16] · [16, 32]',
      dtype: 'f32',
      inputs: { a: { shape: [8, 16] }, b: { shape: [16, 32] } },
      step: ({ a, b }) => ({ y: softmax(matmul(a, b)) }),
    },
    { repeats: 3 },
  );
  assert.is(row.kernels, 2);
  assert.equal(
    Object.values(row.kernelNames ?? {}).reduce((sum, n) => sum + n, 0),
    2,
  );
  assert.ok(row.flops >= 2 * 8 * 16 * 32, `${row.flops} operations`);
  // a, b and the product are bound once, the product a second time, and the result.
  assert.is(row.bytes, 4 * (8 * 16 + 16 * 32 + 3 * 8 * 32));
  assert.is(row.wall.n, 3);
  assert.is(row.gpu?.n, device.adapter.timestamps ? 3 : undefined);
  assert.is(device.stats.liveBytes, before);
});

test('peaks are positive, and their memory is given back', async () => {
  const before = device.stats.liveBytes;
  const { gigabytesPerSecond, gflops } = await measurePeaks(device, { repeats: 1 });
  assert.ok(gigabytesPerSecond > 0 && gflops > 0, `${gigabytesPerSecond} GB/s, ${gflops} GFLOP/s`);
  assert.is(device.stats.liveBytes, before);
});

test.run();
