// What a replay costs on the host: the training step on Dawn's null backend, where nothing is computed.
import { openDevice } from '@foreword/tensor';
import { openNullGpu } from '../engines/open-gpu.ts';
import { benchRow } from '../report/bench-row.ts';
import { formatNumber } from '../report/format-table.ts';
import { forewordStep } from '../training-step/foreword-step.ts';
import { smallStep, stepTitle, stepValues } from '../training-step/step-values.ts';
import type { BenchCase } from './bench-case.ts';

/** One replay is shorter than the clock is fine. */
const replaysPerTiming = 50;

export const replayCase: BenchCase = async function* ({ repeats }) {
  // An instance that is collected takes its device along.
  const gpu = await openNullGpu();
  const device = await openDevice({ gpu });
  try {
    const { plan } = await forewordStep(device, stepValues(smallStep));
    const wallMs: number[] = [];
    for (let round = -1; round < repeats; round++) {
      const from = performance.now();
      for (let i = 0; i < replaysPerTiming; i++) plan.run();
      // The first round warms the host's compiler up.
      if (round >= 0) wallMs.push((performance.now() - from) / replaysPerTiming);
      await device.finish();
    }
    const counts = { kernels: plan.dispatches, kernelNames: {}, flops: 0, bytes: 0, gpuMs: [] };
    const row = benchRow(
      { op: 'replay on a null backend', shape: stepTitle(smallStep), dtype: 'f32' },
      { ...counts, wallMs },
    );
    const microseconds = (1000 * row.wall.medianMs) / row.kernels;
    yield { ...row, note: `${formatNumber(microseconds)} µs of CPU per dispatch (bar: at most 6)` };
    plan.dispose();
  } finally {
    device.close();
  }
};
