// Chains of pointwise ops in a plan: how many kernels are left, and that nothing changes but their number.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { compile, grad, openDevice, tensor, type Tensor } from '../src/node.ts';

const device = await openDevice();
const test = suite('fuse');
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const values = (n: number, from = 0): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(1 + i + from));

/** Kernels of a plan of `step`, whose result must be that of the same ops run one by one. */
async function kernelsOf(step: (x: Tensor, w: Tensor) => Tensor): Promise<string[]> {
  const w = tensor(device, values(8, 100), [8], { persistent: true });
  const plan = await compile(device, { x: { shape: [6, 8] } }, ({ x }) => ({ y: step(x, w) }));
  const replayed = await plan.run({ x: values(48) }).y.read();
  const eager = await device.scope(() => step(tensor(device, values(48), [6, 8]), w)).read();
  for (let i = 0; i < eager.length; i++)
    assert.ok(Math.abs(replayed[i] - eager[i]) <= 1e-6 * Math.max(1, Math.abs(eager[i])), `element ${i}`);
  const names = plan.calls.map(({ name }) => name);
  plan.dispose();
  w.dispose();
  return names;
}

test('a chain is one kernel', async () => {
  assert.equal(await kernelsOf((x, w) => x.mul(2).add(w).tanh().square()), ['mul + add + tanh + square']);
});

test('GELU written by hand is one kernel', async () => {
  const gelu = (x: Tensor): Tensor =>
    x
      .mul(x)
      .mul(x)
      .mul(0.044715)
      .add(x)
      .mul(Math.sqrt(2 / Math.PI))
      .tanh()
      .add(1)
      .mul(x)
      .mul(0.5);
  assert.is((await kernelsOf(gelu)).length, 1);
});

test('rmsNorm written by hand is three kernels', async () => {
  const rmsNorm = (x: Tensor, w: Tensor): Tensor =>
    x.div(x.square().mean({ axis: -1, keepDim: true }).add(1e-5).sqrt()).mul(w);
  // The statistic of a row is read by a broadcast, so it is stored; the rest joins what reads it.
  assert.equal(await kernelsOf(rmsNorm), ['square', 'mean', 'add + sqrt', 'div + mul']);
});

test('what two kernels read, or the plan gives back, is stored', async () => {
  assert.is((await kernelsOf((x) => x.tanh().add(x.tanh().square()))).length, 1);
  const shared = (x: Tensor): Tensor => {
    const t = x.tanh();
    return t.sum({ axis: 1, keepDim: true }).add(t);
  };
  assert.equal(await kernelsOf(shared), ['tanh', 'sum', 'add']);
  const plan = await compile(device, { x: { shape: [4] } }, ({ x }) => {
    const t = x.mul(3);
    return { t, y: t.add(1) };
  });
  assert.is(plan.dispatches, 2);
  const { t, y } = plan.run({ x: [1, 2, 3, 4] });
  assert.equal([...(await t.read())], [3, 6, 9, 12]);
  assert.equal([...(await y.read())], [4, 7, 10, 13]);
  plan.dispose();
});

test('what a kernel reads at another place too is stored', async () => {
  // The values are compared with those of the same ops run one by one.
  assert.equal(await kernelsOf((x) => x.mul(2).add(x.mul(2).flip(0))), ['mul', 'flip + mul + add']);
  const turned = (x: Tensor): Tensor => {
    const t = x.mul(2);
    return t.add(t.flip(0)).add(t.flip(1));
  };
  assert.equal(await kernelsOf(turned), ['mul', 'flip + flip + add + add']);
  const centred = (x: Tensor): Tensor => {
    const t = x.slice({ end: 1 }).tanh(); // [1, 8], broadcast to [6, 8]
    return t.expand([6, 8]).add(t);
  };
  await kernelsOf(centred);
});

test('a kernel does not move over a write of what it reads', async () => {
  const state = tensor(device, [1, 2, 3, 4], [4], { persistent: true });
  const { copyInto } = await import('../src/index.ts');
  const plan = await compile(device, { x: { shape: [4] } }, ({ x }) => {
    const before = state.mul(10);
    copyInto(x.mul(1), state);
    return { y: before.add(1) };
  });
  assert.equal([...(await plan.run({ x: [5, 6, 7, 8] }).y.read())], [11, 21, 31, 41]);
  assert.equal([...(await plan.run({ x: [0, 0, 0, 0] }).y.read())], [51, 61, 71, 81]);
  plan.dispose();
});

test('gradients of a chain are those of its ops', async () => {
  const step = (x: Tensor): Tensor[] => grad(x.mul(0.5).tanh().square().sum(), [x]);
  const plan = await compile(device, { x: { shape: [5] } }, ({ x }) => ({ g: step(x.trainable())[0] }));
  const replayed = await plan.run({ x: values(5) }).g.read();
  const [eager] = device.scope(() => step(tensor(device, values(5), [5]).trainable()));
  const wanted = await eager.read();
  for (let i = 0; i < 5; i++) assert.ok(Math.abs(replayed[i] - wanted[i]) < 1e-6);
  plan.dispose();
});

test('what is stored as f16 between two kernels stays stored, and rounded', async () => {
  if (!device.adapter.f16) return;
  const step = (x: Tensor): Tensor => x.cast('f16').mul(1.001).add(0.3).cast('f32');
  const plan = await compile(device, { x: { shape: [64] } }, ({ x }) => ({ y: step(x) }));
  const replayed = await plan.run({ x: values(64) }).y.read();
  const eager = await device.scope(() => step(tensor(device, values(64), [64]))).read();
  assert.equal([...replayed], [...eager]);
  plan.dispose();
});

test.run();
