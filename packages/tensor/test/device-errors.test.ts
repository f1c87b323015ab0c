// What WebGPU reports without a caller to blame: no memory left, a GPU that goes away, a device that was closed.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  compile,
  DeviceLostError,
  emptyTensor,
  fill,
  openDevice,
  OutOfMemoryError,
  tensor,
  type Device,
  type Tensor,
} from '../src/node.ts';
import { rejects } from './rejects.ts';

const test = suite('device errors');

/** A device whose next buffers find no room. A machine's memory is not filled for a test: Dawn's report is forged. */
async function full(): Promise<Device> {
  const own = await openDevice();
  const { gpu } = own;
  const report = { message: 'no memory' } as GPUError;
  Object.defineProperty(gpu, 'popErrorScope', { value: () => Promise.resolve(report), configurable: true });
  gpu.pushErrorScope = () => undefined;
  return own;
}

test('out of memory names the op, the bytes asked for and those in use, small buffers too', async () => {
  for (const [size, label] of [
    [2 ** 23, 'tensor [8388608] f32: '],
    [64, 'tensor [64] f32: '],
  ] as const) {
    const own = await full();
    const x = emptyTensor(own, [size]);
    await rejects(
      () => x.read(),
      OutOfMemoryError,
      label,
      `${4 * size} more bytes`,
      ' in use',
      'smaller batch',
    );
    own.close();
  }
});

test('out of memory in a plan names the largest tensor of the slot', async () => {
  const own = await full();
  const plan = await compile(own, {}, () => ({ y: fill(own, [100, 3], 2) }));
  await rejects(
    () => plan.outputs.y.read(),
    OutOfMemoryError,
    'fill [100, 3] f32 (plan slot 0): the GPU has no room for 1200 more bytes',
  );
  own.close();
});

test('complaints about a buffer there was no room for do not hide the reason', async () => {
  const own = await openDevice();
  const { gpu } = own;
  const pop = gpu.popErrorScope.bind(gpu);
  let popped = 0;
  Object.defineProperty(gpu, 'popErrorScope', {
    value: async () => {
      await pop();
      await new Promise((resolve) => setTimeout(resolve, 20));
      return popped++ === 0 ? ({ message: 'no memory' } as GPUError) : null;
    },
    configurable: true,
  });
  const x = emptyTensor(own, [5]);
  // A validation error without a caller, before the report of the scope comes.
  gpu.createBuffer({ size: 4, usage: 0 });
  await rejects(() => x.read(), OutOfMemoryError, 'tensor [5] f32');
  assert.equal(own.takeErrors(), []);
  own.close();
});

const lossOf = async (
  how: (own: Device, x: Tensor) => Promise<unknown>,
  ...parts: string[]
): Promise<void> => {
  const own = await openDevice();
  const x = tensor(own, [1, 2, 3], [3]);
  await rejects(() => how(own, x), DeviceLostError, 'open a new device', ...parts);
  for (const use of [() => x.mul(2), () => tensor(own, [1], [1])]) {
    assert.throws(use, (e: Error) => e instanceof DeviceLostError && /lost/.test(e.message));
  }
  await rejects(() => own.finish(), DeviceLostError, 'lost');
  own.close();
};

test('a GPU that goes away is a DeviceLostError, before and during a read', async () => {
  await lossOf(async (own, x) => {
    own.gpu.destroy();
    return await x.read();
  });
  await lossOf(async (own, x) => {
    const reading = x.reshape([1, 3]).mul(2).read();
    own.gpu.destroy();
    return await reading;
  }, 'during mul (tensor [3] f32, mul [1, 3] f32)');
  await lossOf(async (own) => {
    const plan = await compile(own, { x: { shape: [2, 2] } }, ({ x }) => ({ y: x.tanh().sum() }));
    const reading = plan.run({ x: [1, 2, 3, 4] }).y.read();
    own.gpu.destroy();
    return await reading;
  }, 'during a plan of 2 kernels, from tanh (tensor [2, 2] f32, tanh [2, 2] f32) to sum (');
});

test('a closed device says so', async () => {
  const own = await openDevice();
  const x = tensor(own, [1], [1]);
  own.close();
  own.close();
  await rejects(() => x.read(), DeviceLostError, 'closed');
  for (const use of [() => x.mul(2), () => tensor(own, [1], [1])]) {
    assert.throws(use, (e: Error) => e instanceof DeviceLostError && /closed/.test(e.message));
  }
});

test.run();
