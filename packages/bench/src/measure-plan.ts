// Compiles a step, replays it and reads the clocks: wall clock around each replay, timestamps around each kernel.
import { compile, type Device, type InputSpec, type Plan, type Tensor } from '@foreword/tensor/node';
import { benchRow, type BenchRow, type Measurement, type RowTitle } from './report/bench-row.ts';
import { uniformValues } from './uniform-values.ts';

/** The first replays pay for caches and clock speeds; they are not counted. */
const warmUps = 2;

export interface MeasureOptions {
  repeats: number;
}

/** Replays a plan `repeats` times by each clock. */
export async function measurePlan(
  plan: Plan<Record<string, InputSpec>, Record<string, Tensor>>,
  { repeats }: MeasureOptions,
): Promise<Measurement> {
  const { device, calls } = plan;
  for (let i = 0; i < warmUps; i++) plan.run();
  await device.finish();
  const wallMs: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    plan.run();
    await device.finish();
    wallMs.push(performance.now() - start);
  }
  const gpuMs: number[] = [];
  if (device.gpu.features.has('timestamp-query')) {
    for (let i = 0; i < repeats; i++) {
      gpuMs.push((await plan.profile()).reduce((sum, { ms }) => sum + ms, 0));
    }
  }
  const kernelNames: Record<string, number> = {};
  for (const { name } of calls) kernelNames[name] = (kernelNames[name] ?? 0) + 1;
  return {
    kernels: plan.dispatches,
    kernelNames,
    flops: calls.reduce((sum, call) => sum + call.flops, 0),
    bytes: calls.reduce((sum, { bindings }) => sum + bindings.reduce((n, b) => n + b.byteLength, 0), 0),
    wallMs,
    gpuMs,
  };
}

/** What a case measures: a step over inputs that hold random values. */
export interface MeasuredStep<S extends Record<string, InputSpec>> extends RowTitle {
  inputs: S;
  step: (inputs: { [K in keyof S]: Tensor }) => Record<string, Tensor>;
  /** Values of inputs that are no random floats (class numbers, say). */
  values?: { [K in keyof S]?: ArrayLike<number> };
}

/** Compiles and measures one step; its memory is freed again. */
export async function measureStep<S extends Record<string, InputSpec>>(
  device: Device,
  { inputs, step, values, ...title }: MeasuredStep<S>,
  options: MeasureOptions,
): Promise<BenchRow> {
  const plan = await compile(device, inputs, step);
  try {
    const random = uniformValues(1);
    for (const [name, input] of Object.entries(plan.inputs)) {
      input.write(values?.[name] ?? random(input.size, 1));
    }
    return benchRow(title, await measurePlan(plan, options));
  } finally {
    plan.dispose();
  }
}
