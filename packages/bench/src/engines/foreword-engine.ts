// This project's engine as a process: started by the benchmark, never by hand.
import { matmul, openDevice, tensor, type Device } from '@foreword/tensor/node';
import { measurePlan } from '../measure-plan.ts';
import { readEngineVersion } from '../report/machine.ts';
import { forewordStep } from '../training-step/foreword-step.ts';
import { stepValues } from '../training-step/step-values.ts';
import { uniformValues } from '../uniform-values.ts';
import { matmulSeed, sampleOf, timed, type Engine, type StepResult } from './protocol.ts';
import { serveEngine } from './serve-engine.ts';

class ForewordEngine implements Engine {
  #device: Device | undefined;
  #training: Awaited<ReturnType<typeof forewordStep>> | undefined;

  async open() {
    this.#device = await openDevice();
    const { vendor, device, description } = this.#device.adapter;
    return {
      name: 'foreword',
      version: await readEngineVersion(),
      adapter: [vendor, device, description].join(' · '),
    };
  }

  async firstStep(): Promise<StepResult> {
    const values = stepValues();
    const { ms, value } = await timed(async () => {
      this.#training = await forewordStep(this.#device!, values);
      return await this.#training.next();
    });
    return { ms, loss: value };
  }

  async step(): Promise<StepResult> {
    const { ms, value } = await timed(() => this.#training!.next());
    return { ms, loss: value };
  }

  async stepFacts(repeats: number) {
    const { gpuMs, wallMs: _, ...counts } = await measurePlan(this.#training!.plan, { repeats });
    return { ...counts, gpuMs: [...gpuMs] };
  }

  async matmul(size: number, count: number) {
    const device = this.#device!;
    const uniform = uniformValues(matmulSeed);
    const make = () => tensor(device, uniform(size * size, 1), [size, size], { persistent: true });
    const [a, b] = [make(), make()];
    const timesMs: number[] = [];
    let sample: number[] = [];
    for (let i = 0; i < count; i++) {
      const { ms, value } = await timed(() => device.scope(async () => await matmul(a, b).read()));
      timesMs.push(ms);
      sample = sampleOf(value, size);
    }
    a.dispose();
    b.dispose();
    return { timesMs, sample };
  }
}

await serveEngine(new ForewordEngine());
