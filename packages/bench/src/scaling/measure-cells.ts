// Small training steps timed on the adapter at hand: does time grow as operations do?
import type { Device } from '@foreword/tensor/node';
import { summariseTimings, type Timing } from '../report/statistics.ts';
import { forewordStep } from '../training-step/foreword-step.ts';
import { smallStep, stepValues, type StepSizes } from '../training-step/step-values.ts';

export interface MeasuredCell {
  sizes: StepSizes;
  time: Timing;
  /** As the step's plan counts them. */
  flops: number;
  dispatches: number;
}

/** The small step first, then with one size changed at a time. */
const cells: readonly Partial<StepSizes>[] = [
  {},
  { P: 1 },
  { P: 20 },
  { P: 40 },
  { B: 4 },
  { B: 16 },
  { R: 11 },
  { R: 44 },
  { L: 8 },
  { C: 512, H: 8 },
];

export interface MeasureCellsOptions {
  repeats: number;
  /** Told before each cell. */
  progress?: (sizes: StepSizes) => void;
}

/** Times of whole steps, the loss read back, after two that warm up. */
export async function* measureCells(
  device: Device,
  { repeats, progress = () => {} }: MeasureCellsOptions,
): AsyncGenerator<MeasuredCell, void> {
  for (const changed of cells) {
    const sizes = { ...smallStep, ...changed };
    progress(sizes);
    const step = await forewordStep(device, stepValues(sizes));
    const timesMs: number[] = [];
    for (let round = -2; round < repeats; round++) {
      const from = performance.now();
      await step.next();
      if (round >= 0) timesMs.push(performance.now() - from);
    }
    const flops = step.plan.calls.reduce((sum, call) => sum + call.flops, 0);
    yield { sizes, time: summariseTimings(timesMs), flops, dispatches: step.plan.dispatches };
    step.dispose();
    device.trim();
  }
}
