// The works that engines are compared by, in this project's engine: one run after another.
import { ImageEncoder } from '@foreword/clip';
import { allLogits, DecodeSession } from '@foreword/gpt2';
import { compile, matmul, tensor, type Device } from '@foreword/tensor/node';
import { measurePlan } from '../measure-plan.ts';
import { modelFolder } from '../models/model-files.ts';
import { openClip, openGpt2 } from '../models/open-model.ts';
import { forewordStep } from '../training-step/foreword-step.ts';
import { stepValues } from '../training-step/step-values.ts';
import { stepWork, type StepWork } from '../training-step/step-works.ts';
import { forewordOp } from '../works/foreword-op.ts';
import { appendedIds, appendedTokens, pictures, promptIds, promptRows } from '../works/model-values.ts';
import { opValues, opWork, type OpWork } from '../works/op-values.ts';
import type { RunningWork } from './serve-engine.ts';

async function beginStep(device: Device, { sizes, weights }: StepWork): Promise<RunningWork> {
  const training = await forewordStep(device, stepValues(sizes), { weights });
  return {
    next: async () => ({ values: [await training.next()] }),
    async facts(repeats) {
      const { gpuMs, wallMs: _, ...counts } = await measurePlan(training.plan, { repeats });
      return { ...counts, gpuMs: [...gpuMs] };
    },
    dispose: () => training.dispose(),
  };
}

/** Many products without reading one in between; a software adapter is asked for one. */
async function beginProduct(device: Device, { size, dtype, launches }: LargeProduct): Promise<RunningWork> {
  const count = device.adapter.kind === 'gpu' ? launches : 1;
  const input = { shape: [size, size], dtype };
  const plan = await compile(device, { a: input, b: input }, ({ a, b }) => ({ c: matmul(a, b) }));
  const [a, b] = opValues({ op: 'matmul', size });
  plan.inputs.a.write(a.data);
  plan.inputs.b.write(b.data);
  await device.finish();
  return {
    async next() {
      const from = performance.now();
      for (let i = 0; i < count; i++) plan.run();
      await device.finish();
      const ms = (performance.now() - from) / count;
      return { values: await plan.outputs.c.read(), ms };
    },
    dispose: () => plan.dispose(),
  };
}

type LargeProduct = Extract<OpWork, { op: 'matmul' }> & { launches: number };

const isLarge = (work: OpWork): work is LargeProduct => work.op === 'matmul' && work.launches !== undefined;

/** Run by itself, as a user without a plan would. */
function beginOp(device: Device, work: OpWork): RunningWork {
  const inputs = opValues(work).map(({ data, shape }) => tensor(device, data, shape, { persistent: true }));
  return {
    next: async () => ({ values: await device.scope(async () => await forewordOp(work, inputs).read()) }),
    dispose: () => inputs.forEach((input) => input.dispose()),
  };
}

async function beginClip(device: Device, batch: number): Promise<RunningWork> {
  const clip = await openClip(device, await modelFolder('clip'), 'f32');
  const encoder = await ImageEncoder.create(clip, { batch });
  const images = pictures(batch);
  return {
    async next() {
      const features = await encoder.encode(images);
      return { values: features.flatMap((feature) => [...feature]) };
    },
    dispose() {
      encoder.dispose();
      clip.dispose();
    },
  };
}

async function beginGpt2(device: Device, what: string): Promise<RunningWork> {
  const gpt2 = await openGpt2(device, await modelFolder('gpt2'), 'f32');
  const shape = { items: 1, prefixRows: promptRows, rowsPerItem: 1, maxTokens: appendedTokens + 1 };
  const session = await DecodeSession.open(gpt2, shape, allLogits);
  const ids = tensor(device, promptIds, [1, promptRows], { dtype: 'u32', persistent: true });
  const prefix = device.scope(() => gpt2.embed(ids)).keep();
  return {
    async next() {
      const prompt = await session.prefill(prefix);
      if (what === 'gpt2-prompt') return prompt;
      const from = performance.now();
      let last = prompt;
      for (const id of appendedIds) last = await session.step(Uint32Array.of(id));
      return { values: last.values, ms: performance.now() - from };
    },
    dispose() {
      for (const owned of [session, prefix, ids, gpt2]) owned.dispose();
    },
  };
}

/** @param work a work's id */
export async function beginWork(device: Device, work: string): Promise<RunningWork> {
  const step = stepWork(work);
  if (step) return await beginStep(device, step);
  if (work.startsWith('clip-')) return await beginClip(device, Number(work.slice('clip-'.length)));
  if (work.startsWith('gpt2-')) return await beginGpt2(device, work);
  const op = opWork(work);
  return isLarge(op) ? await beginProduct(device, op) : beginOp(device, op);
}
