// The effect of openDevice's `fast` preset: the same cases on a device without it and on one with it, in turns.
import { openDevice as openOn } from '@foreword/tensor';
import {
  attention,
  compile,
  grad,
  matmul,
  openDevice,
  softmax,
  type Device,
  type Tensor,
} from '@foreword/tensor/node';
import { openNullGpu } from './engines/open-gpu.ts';
import type { FastRow } from './report/fast-row.ts';
import { median, pairedRatio, summariseTimings } from './report/statistics.ts';
import { forewordStep } from './training-step/foreword-step.ts';
import { smallStep, stepValues } from './training-step/step-values.ts';
import { relativeDifference, sampleOf } from './works/sample.ts';
import { uniformValues } from './uniform-values.ts';

/** One case on one device. */
interface Prepared {
  /** Runs once and waits. */
  run(): Promise<void>;
  /** Some of what it computed; empty where nothing is. */
  result(): Promise<ArrayLike<number>>;
  dispose(): void;
}

interface FastCase {
  what: string;
  /** Runs timed together: what is short is repeated. */
  runs: number;
  prepare(device: Device): Promise<Prepared>;
}

/** A step over random inputs, compiled. */
const planned = (
  what: string,
  runs: number,
  shapes: Record<string, number[]>,
  step: (inputs: Record<string, Tensor>) => Tensor,
): FastCase => ({
  what,
  runs,
  async prepare(device) {
    const specs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { shape }]));
    const plan = await compile(device, specs, (inputs) => ({ y: step(inputs) }));
    const uniform = uniformValues(1);
    for (const input of Object.values(plan.inputs)) input.write(uniform(input.size, 1));
    return {
      async run() {
        plan.run();
        await device.finish();
      },
      result: async () => await plan.outputs.y.read(),
      dispose: () => plan.dispose(),
    };
  },
});

const cases: readonly FastCase[] = [
  planned('matmul 512³ f32', 3, { a: [512, 512], b: [512, 512] }, ({ a, b }) => matmul(a, b)),
  planned('softmax [4096, 768] f32', 3, { x: [4096, 768] }, ({ x }) => softmax(x)),
  planned(
    'attention forward+backward, B 2, T 256, 4 heads',
    1,
    { qkv: [2, 256, 768], seed: [2, 256, 256] },
    ({ qkv, seed }) => {
      const x = qkv.detach().trainable();
      return grad(attention([x], { heads: 4, causal: true }), [x], { seed })[0];
    },
  ),
  {
    what: 'training step (small), loss read back',
    runs: 1,
    async prepare(device) {
      const step = await forewordStep(device, stepValues(smallStep));
      const losses: number[] = [];
      return {
        run: async () => void losses.push(await step.next()),
        result: async () => losses,
        dispose: () => step.dispose(),
      };
    },
  },
];

/** The host's part of a step alone: Dawn's null backend computes nothing. */
const replay: FastCase = {
  what: 'replay of the small step on a null backend',
  runs: 50,
  async prepare(device) {
    const { plan, dispose } = await forewordStep(device, stepValues(smallStep));
    return { run: async () => void plan.run(), result: async () => [], dispose };
  },
};

export interface MeasureFastOptions {
  repeats: number;
  /** Told before each case. */
  progress?: (what: string) => void;
}

/** @throws Error when the preset changes results */
export async function* measureFast(options: MeasureFastOptions): AsyncGenerator<FastRow, void> {
  yield* onBoth(
    cases,
    () => openDevice(),
    () => openDevice({ fast: true }),
    options,
  );
  // An instance that is collected takes its device along.
  const gpus = [await openNullGpu(), await openNullGpu({ fast: true })];
  yield* onBoth(
    [replay],
    () => openOn({ gpu: gpus[0] }),
    () => openOn({ gpu: gpus[1] }),
    options,
  );
}

async function* onBoth(
  chosen: readonly FastCase[],
  openOff: () => Promise<Device>,
  openFast: () => Promise<Device>,
  { repeats, progress = () => {} }: MeasureFastOptions,
): AsyncGenerator<FastRow, void> {
  const devices = [await openOff(), await openFast()];
  try {
    for (const fastCase of chosen) {
      progress(fastCase.what);
      yield await measureCase(fastCase, devices, repeats);
    }
  } finally {
    for (const device of devices) device.close();
  }
}

async function measureCase(
  { what, runs, prepare }: FastCase,
  devices: readonly Device[],
  repeats: number,
): Promise<FastRow> {
  const sides = [];
  for (const device of devices)
    sides.push({ device, prepared: await prepare(device), timesMs: [] as number[] });
  try {
    for (let round = -1; round < repeats; round++) {
      for (const { device, prepared, timesMs } of sides) {
        const times: number[] = [];
        for (let i = 0; i < runs; i++) {
          const from = performance.now();
          await prepared.run();
          times.push(performance.now() - from);
        }
        await device.finish();
        // The first round warms up.
        if (round >= 0) timesMs.push(median(times));
      }
    }
    const [off, on] = await Promise.all(sides.map(async ({ prepared }) => sampleOf(await prepared.result())));
    if (off.length > 0 && !(relativeDifference(on, off) < 1e-5))
      throw new Error(`${what}: the fast preset changes the results`);
  } finally {
    for (const { prepared } of sides) prepared.dispose();
  }
  const [off, on] = sides.map(({ timesMs }) => timesMs);
  return { what, off: summariseTimings(off), on: summariseTimings(on), gain: pairedRatio(off, on) };
}
