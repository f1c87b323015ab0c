// Small training steps timed on the adapter at hand, in turns: does time grow as operations do?
import type { Device } from '@foreword/tensor/node';
import { pairedRatio, summariseTimings, type Ratio, type Timing } from '../report/statistics.ts';
import { forewordStep } from '../training-step/foreword-step.ts';
import { smallStep, stepValues, type StepSizes } from '../training-step/step-values.ts';

export interface MeasuredCell {
  sizes: StepSizes;
  time: Timing;
  /** Its time over that of the first cell in the same round. */
  growth: Ratio;
  /** As the step's plan counts them. */
  flops: number;
  dispatches: number;
}

/** The small step, and with one size changed at a time. */
const cells: readonly Partial<StepSizes>[] = [
  {},
  { P: 1 },
  { P: 40 },
  { B: 16 },
  { R: 44 },
  { L: 8 },
  { C: 512, H: 8 },
];

export interface MeasureCellsOptions {
  repeats: number;
  /** Told before each part. */
  progress?: (what: string) => void;
}

interface Running {
  sizes: StepSizes;
  step: Awaited<ReturnType<typeof forewordStep>>;
  timesMs: number[];
}

/** Times of whole steps, the loss read back, after two rounds that warm up. */
export async function measureCells(
  device: Device,
  { repeats, progress = () => {} }: MeasureCellsOptions,
): Promise<MeasuredCell[]> {
  const steps: Running[] = [];
  for (const [i, changed] of cells.entries()) {
    progress(`compile ${i + 1} of ${cells.length}`);
    const sizes = { ...smallStep, ...changed };
    steps.push({ sizes, step: await forewordStep(device, stepValues(sizes)), timesMs: [] });
  }
  for (let round = -2; round < repeats; round++) {
    progress(round < 0 ? 'warm-up' : `round ${round + 1} of ${repeats}`);
    for (const { step, timesMs } of steps) {
      const from = performance.now();
      await step.next();
      if (round >= 0) timesMs.push(performance.now() - from);
    }
  }
  const measured = steps.map(({ sizes, step: { plan }, timesMs }) => ({
    sizes,
    time: summariseTimings(timesMs),
    growth: pairedRatio(timesMs, steps[0].timesMs),
    flops: plan.calls.reduce((sum, call) => sum + call.flops, 0),
    dispatches: plan.dispatches,
  }));
  for (const { step } of steps) step.dispose();
  return measured;
}
