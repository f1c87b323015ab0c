// Mixed precision: weights and activations in f16, f32 masters, a scaled loss.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { compile, openDevice } from '@foreword/tensor/node';
import type { Device } from '@foreword/tensor';
import * as assert from 'uvu/assert';
import { Activation, Adam, Linear, seeded, Sequential } from '../src/index.ts';

const test = suite('mixed precision');
let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

test('XOR is learned with f16 weights and activations', async () => {
  if (!device.adapter.f16) return console.log('  skipped: this adapter has no f16');
  const net = new Sequential(seeded(device, { seed: 1, dtype: 'f16' }), [
    (p) => new Linear(p, 2, 8),
    () => new Activation('tanh'),
    (p) => new Linear(p, 8, 1),
  ]);
  const optimizer = new Adam(net.namedParameters(), { lr: 0.05, lossScale: { initial: 1024 } });
  assert.equal(
    [...net.namedParameters().values()].map((t) => t.dtype),
    ['f16', 'f32', 'f16', 'f32'],
  );
  const inputs = { x: { shape: [4, 2] }, y: { shape: [4, 1] } };
  const plan = await compile(device, inputs, ({ x, y }) => {
    const hidden = net[1].forward(net[0].forward(x.cast('f16')).cast('f16'));
    assert.is(hidden.dtype, 'f16');
    const loss = net[2].forward(hidden).cast('f32').sub(y).square().mean();
    return { loss, norm: optimizer.step(loss) };
  });
  const batch = { x: [0, 0, 0, 1, 1, 0, 1, 1], y: [0, 1, 1, 0] };
  const first = await plan.run(batch).loss.item();
  for (let step = 0; step < 200; step++) plan.run(batch);
  const last = await plan.outputs.loss.item();
  assert.ok(first > 0.1 && last < 0.01, `${first} → ${last}`);
  plan.dispose();
  optimizer.dispose();
  net.dispose();
  assert.is(device.stats.liveBytes, 0);
});

test.run();
