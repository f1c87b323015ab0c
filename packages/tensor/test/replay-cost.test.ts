// What a replayed training step asks of WebGPU: one submit, and nothing that allocates or compiles.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { AdamW, compile, mlp, openDevice, parameter, type Device } from '../src/node.ts';
import { uniform } from './op-check.ts';

const test = suite('replay cost');

let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

type Counts = Record<string, number>;

/** Calls of every method of the device, its queue and its encoders while `work` runs. */
async function callsDuring(work: () => unknown): Promise<Counts> {
  const counts: Counts = {};
  const restore: (() => void)[] = [];
  for (const type of [GPUDevice, GPUQueue, GPUCommandEncoder, GPUComputePassEncoder]) {
    const methods = type.prototype as unknown as Record<string, unknown>;
    for (const [name, { value, writable }] of Object.entries(Object.getOwnPropertyDescriptors(methods))) {
      if (typeof value !== 'function' || !writable || name === 'constructor') continue;
      methods[name] = function (this: unknown, ...args: unknown[]): unknown {
        counts[name] = (counts[name] ?? 0) + 1;
        return Reflect.apply(value, this, args);
      };
      restore.push(() => void (methods[name] = value));
    }
  }
  try {
    await work();
  } finally {
    for (const undo of restore) undo();
  }
  return counts;
}

function values(length: number, seed: number): Float32Array {
  const next = uniform(seed);
  return Float32Array.from({ length }, () => next() - 0.5);
}

/** Two layers and AdamW with clipping. */
async function trainingPlan() {
  const weights = {
    w1: parameter(device, values(16 * 8, 1), [16, 8]),
    b1: parameter(device, values(16, 2), [16]),
    w2: parameter(device, values(4 * 16, 3), [4, 16]),
    b2: parameter(device, values(4, 4), [4]),
  };
  const optimizer = new AdamW(weights, { clipNorm: 1 });
  const plan = await compile(device, { x: { shape: [5, 8] } }, ({ x }) => {
    const loss = mlp(x, weights, { activation: 'tanh' }).square().mean();
    optimizer.step(loss);
    return { loss };
  });
  let step = 0;
  return {
    plan,
    run: () => {
      optimizer.schedule(++step, 0.01);
      return plan.run({ x: values(5 * 8, step) }).loss;
    },
    dispose: () => {
      plan.dispose();
      optimizer.dispose();
    },
  };
}

test('a replay is one encoder, one pass, one submit, and three calls a kernel', async () => {
  const { plan, run, dispose } = await trainingPlan();
  const before = device.stats;
  const counts = await callsDuring(run);
  const n = plan.dispatches;
  assert.ok(n > 5, `${n} kernels`);
  const { writeBuffer, ...others } = counts;
  assert.equal(others, {
    createCommandEncoder: 1,
    beginComputePass: 1,
    setPipeline: n,
    setBindGroup: n,
    dispatchWorkgroups: n,
    end: 1,
    finish: 1,
    submit: 1,
  });
  // The step's numbers: the batch, and the optimiser's schedule.
  assert.ok(writeBuffer <= 2, `${writeBuffer} writes`);
  assert.is(device.stats.submits - before.submits, 1);
  await device.finish();
  dispose();
});

test('after the first step, steps whose loss is read allocate and compile nothing', async () => {
  const { run, dispose } = await trainingPlan();
  await run().item();
  const { liveBytes, pooledBytes, pipelines } = device.stats;
  const counts = await callsDuring(async () => {
    for (let i = 0; i < 3; i++) await run().item();
  });
  const made = Object.keys(counts).filter((name) => /^create(?!CommandEncoder)/.test(name));
  assert.equal(made, []);
  // The step, and the copy of its loss.
  assert.is(counts.submit, 6);
  assert.equal(
    [device.stats.liveBytes, device.stats.pooledBytes, device.stats.pipelines],
    [liveBytes, pooledBytes, pipelines],
  );
  dispose();
});

test('reads at the same time have memory of their own', async () => {
  const { run, plan, dispose } = await trainingPlan();
  const first = await run().item();
  const [a, b] = await Promise.all([plan.outputs.loss.item(), plan.outputs.loss.item()]);
  assert.equal([a, b], [first, first]);
  const second = await run().item();
  assert.is.not(second, first);
  dispose();
});

test.run();
