// The transformer mapper over patch tokens, against ClipCap's with a block-diagonal first layer.
import { failOnGpuErrors, relativeError, suite } from '@foreword/test-kit';
import { grad, openDevice, tensor, type Device, type Tensor } from '@foreword/tensor/node';
import { memoryTensors } from '@foreword/nn';
import * as assert from 'uvu/assert';
import { createMapper, loadMapper, type MapperConfig } from '../src/index.ts';

const test = suite('patches', { timeLimitSeconds: 240 });
let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

const [B, R, rowSize, d] = [2, 3, 5, 16];
const D = R * rowSize;
const config: MapperConfig = {
  type: 'transformer',
  prefixLength: 2,
  featureSize: D,
  embeddingSize: d,
  layers: 1,
  heads: 2,
};
const read = async (t: Tensor): Promise<Float32Array> => (await t.read()) as Float32Array;

test('every row is mapped by itself, with the same weights', async () => {
  const patches = createMapper(device, { ...config, featureRows: R }, { seed: 3 });
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [name, t] of patches.namedParameters())
    tensors.set(name, { shape: t.shape, data: await read(t) });
  const { data: weight } = tensors.get('patches.weight')!;
  const { data: bias } = tensors.get('patches.bias')!;
  const blocks = new Float32Array(R * d * D);
  for (let r = 0; r < R; r++)
    for (let o = 0; o < d; o++)
      for (let i = 0; i < rowSize; i++) blocks[(r * d + o) * D + r * rowSize + i] = weight[o * rowSize + i];
  tensors.set('linear.weight', { shape: [R * d, D], data: blocks });
  tensors.set('linear.bias', {
    shape: [R * d],
    data: Float32Array.from({ length: R * d }, (_, i) => bias[i % d]),
  });
  for (const name of ['patches.weight', 'patches.bias']) tensors.delete(name);
  const pooled = await loadMapper(device, memoryTensors(tensors), { config: { ...config, clipLength: R } });
  pooled.trainable();
  const values = Float32Array.from({ length: B * D }, (_, i) => 3 * Math.sin(i * i));
  await device.scope(async () => {
    const features = tensor(device, values, [B, D]);
    const [got, wanted] = [patches.forward(features), pooled.forward(features)];
    assert.equal(got.shape, [B, 2, d]);
    assert.ok(relativeError(await read(got), await read(wanted)) < 1e-6);
    const upstream = tensor(
      device,
      Float32Array.from({ length: B * 2 * d }, (_, i) => Math.cos(i)),
      [B, 2, d],
    );
    const loss = (prefix: Tensor): Tensor => prefix.mul(upstream).sum();
    const own = await read(
      grad(loss(patches.forward(features)), [patches.namedParameters().get('patches.weight')!])[0],
    );
    const other = await read(
      grad(loss(pooled.forward(features)), [pooled.namedParameters().get('linear.weight')!])[0],
    );
    const summed = own.map((_, at) => {
      const [o, i] = [Math.floor(at / rowSize), at % rowSize];
      return [0, 1, 2].reduce((sum, r) => sum + other[(r * d + o) * D + r * rowSize + i], 0);
    });
    assert.ok(Math.hypot(...own) > 1e-3);
    assert.ok(relativeError(own, summed) < 1e-5);
  });
  patches.dispose();
  pooled.dispose();
});

test.run();
