// What the adapter can do at most, by two plain kernels: bytes copied and fused multiply-adds per second. Every other
// kernel is held against these.
import { compile, emptyTensor, type Device } from '@foreword/tensor/node';
import { measurePlan } from './measure-plan.ts';
import type { Peaks } from './report/floors.ts';
import { uniformValues } from './uniform-values.ts';

/** Elements copied: 64 MiB read and as much written, more than caches hold. */
const copied = 2 ** 24;
/** Sums that each invocation keeps at once: enough to hide the latency of one, few enough to stay in registers. */
const sums = 12;
/** Invocations and turns of the loop, by kind of adapter: some milliseconds each. */
const work = { software: { threads: 2 ** 12, turns: 1024 }, gpu: { threads: 2 ** 20, turns: 1024 } } as const;

/** The best of `repeats` each, since a floor is what nothing goes below. */
export async function measurePeaks(device: Device, { repeats = 5 } = {}): Promise<Peaks> {
  const best = async (plan: Awaited<ReturnType<typeof copyPlan>>, count: 'bytes' | 'flops') => {
    try {
      const measured = await measurePlan(plan, { repeats });
      const { gpuMs, wallMs } = measured;
      const ms = Math.min(...(gpuMs.some((time) => time > 0) ? gpuMs.filter((time) => time > 0) : wallMs));
      return measured[count] / ms / 1e6;
    } finally {
      plan.dispose();
    }
  };
  const gigabytesPerSecond = await best(await copyPlan(device), 'bytes');
  const gflops = await best(await multiplyAddPlan(device), 'flops');
  device.trim();
  return { gigabytesPerSecond, gflops };
}

/** Four elements an invocation. */
async function copyPlan(device: Device) {
  const plan = await compile(device, { x: { shape: [copied] } }, ({ x }) => {
    const y = emptyTensor(device, [copied], { madeBy: 'copy' });
    const inFours = (tensor: typeof x) => ({ tensor, vec: 4, first: 0, count: copied }) as const;
    device.run('copy', {
      read: { x: inFours(x) },
      write: { y: inFours(y) },
      threads: copied / 4,
      code: 'fn thread(i: u32) { y[i] = x[i]; }',
    });
    return { y };
  });
  plan.inputs.x.write(uniformValues(1)(copied, 1));
  return plan;
}

async function multiplyAddPlan(device: Device) {
  const { threads, turns } = work[device.adapter.kind];
  const each = (line: (i: number) => string): string =>
    Array.from({ length: sums }, (_, i) => line(i)).join(' ');
  const plan = await compile(device, { x: { shape: [2] } }, ({ x }) => {
    const y = emptyTensor(device, [threads], { madeBy: 'fma' });
    device.run('fma', {
      read: { x },
      write: { y },
      consts: { turns },
      threads,
      // Factor and term come from memory, so that nothing can be worked out beforehand.
      code: `fn thread(i: u32) {
  let factor = x[0];
  let term = x[1];
  ${each((n) => `var s${n} = f32(i + ${n}u);`)}
  for (var turn = 0u; turn < turns; turn++) {
    ${each((n) => `s${n} = fma(s${n}, factor, term);`)}
    ${each((n) => `s${n} = fma(s${n}, factor, term);`)}
  }
  y[i] = ${Array.from({ length: sums }, (_, n) => `s${n}`).join(' + ')};
}`,
      flops: threads * turns * sums * 2 * 2,
    });
    return { y };
  });
  plan.inputs.x.write([0.999, 0.001]);
  return plan;
}
