// Ops that can choose among kernels: each kernel computes what the others do.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice } from '../src/node.ts';
import { matmul, meetChoices, tensor, type Tensor } from '../src/index.ts';
import { checkBackward, checkForward, checkedOps, hasHalves, type CheckedOp, uniform } from './op-check.ts';

const device = await openDevice();
const test = suite('variants');

test.before.each(() => void (device.choices.table = {}));
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

async function checkSamples(op: CheckedOp): Promise<void> {
  for (const sample of op.samples) {
    await device.scope(() => checkForward(device, op, sample, false));
    await device.scope(() => checkBackward(device, op, sample));
    if (device.adapter.f16 && hasHalves(op, sample))
      await device.scope(() => checkForward(device, op, sample, true));
  }
}

for (const op of checkedOps.filter(({ name }) =>
  ['matmul', 'linear', 'mlp', 'attention', 'conv2d'].includes(name),
)) {
  test(`${op.name}: samples, with every kernel that can take them`, async () => {
    const sites = await meetChoices(device, () => checkSamples(op));
    assert.ok(sites.length > 0, 'no choice was met');
    const most = Math.max(...sites.map(({ variants }) => variants.length));
    for (let i = 1; i < most; i++) {
      const others = sites.filter(({ variants }) => i < variants.length);
      device.choices.table = Object.fromEntries(others.map(({ key, variants }) => [key, variants[i]]));
      await checkSamples(op);
    }
  });
}

const next = uniform(5);
const of = (...shape: number[]): Tensor => {
  const size = shape.reduce((a, b) => a * b);
  return tensor(
    device,
    Float32Array.from({ length: size }, () => 2 * next() - 1),
    shape,
  );
};

for (const transB of [false, true]) {
  test(`lanes: the same bits, however C is cut${transB ? ', B stored [N, K]' : ''}`, async () => {
    await device.scope(async () => {
      const a = of(50, 36);
      const b = transB ? of(136, 36) : of(36, 136);
      const product = async (): Promise<Float32Array> =>
        (await matmul(a, b, { transB }).read()) as Float32Array;
      const expected = await product();
      const [site] = await meetChoices(device, async () => void (await product()));
      const lanes = site.variants.filter((name) => name.startsWith('lanes'));
      assert.ok(lanes.length > 1, site.variants.join());
      for (const name of lanes) {
        device.choices.table = { [site.key]: name };
        assert.equal(await product(), expected, name);
      }
    });
  });
}

test('a choice of a variant that does not exist, or of another key, is the default', async () => {
  await device.scope(async () => {
    const [a, b] = [of(20, 8), of(8, 64)];
    const expected = await matmul(a, b).read();
    const [{ key }] = await meetChoices(device, async () => void (await matmul(a, b).read()));
    device.choices.table = { [key]: 'no such kernel', 'no such key': 'lanes 4 × 2' };
    assert.equal(await matmul(a, b).read(), expected);
  });
});

test.run();
