// TensorFlow.js with its WebGPU backend as a process: started by the benchmark, never by hand.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tfjsStep, type Tf } from '../training-step/tfjs-step.ts';
import type { TrainingStep } from '../training-step/foreword-step.ts';
import { stepValues } from '../training-step/step-values.ts';
import { uniformValues } from '../uniform-values.ts';
import { dawnPackage } from './dawn-package.ts';
import { tfjsFolder } from './install-tfjs.ts';
import { matmulSeed, sampleOf, timed, type Engine, type StepResult } from './protocol.ts';
import { serveEngine } from './serve-engine.ts';

interface Dawn {
  create(flags: string[]): GPU;
  globals: Record<string, unknown>;
}

/** Opens Dawn with the flags of @foreword/tensor/node and shows it where browsers have it. */
async function openGpu(): Promise<GPUAdapterInfo> {
  const { create, globals } = (await import(pathToFileURL(dawnPackage().entry).href)) as Dawn;
  Object.assign(globalThis, globals);
  const flags = [
    'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia',
    'disable-dawn-features=timestamp_quantization',
  ];
  if (process.env.FOREWORD_ADAPTER) flags.push(`adapter=${process.env.FOREWORD_ADAPTER}`);
  const instance = create(flags);
  // TensorFlow.js asks for the fast one of several GPUs, this project for the default one; both get the default.
  const gpu = { requestAdapter: () => instance.requestAdapter() };
  const value = { gpu, userAgent: 'node', hardwareConcurrency: 1 };
  Object.defineProperty(globalThis, 'navigator', { value, configurable: true, writable: true });
  const adapter = await instance.requestAdapter();
  if (!adapter) throw Object.assign(new Error('no WebGPU adapter answers'), { exitCode: 3 });
  return adapter.info;
}

class TfjsEngine implements Engine {
  #tf: Tf | undefined;
  #training: TrainingStep | undefined;

  async open() {
    const { vendor, device, description } = await openGpu();
    const require = createRequire(join(tfjsFolder, 'package.json'));
    const tf = require('@tensorflow/tfjs') as Tf;
    require('@tensorflow/tfjs-backend-webgpu');
    await tf.setBackend('webgpu');
    await tf.ready();
    if (tf.getBackend() !== 'webgpu') throw new Error(`its backend is ${tf.getBackend()}, not webgpu`);
    this.#tf = tf;
    return { name: 'tfjs', version: tf.version.tfjs, adapter: [vendor, device, description].join(' · ') };
  }

  async firstStep(): Promise<StepResult> {
    const values = stepValues();
    const { ms, value } = await timed(async () => {
      this.#training = tfjsStep(this.#tf!, values);
      return await this.#training.next();
    });
    return { ms, loss: value };
  }

  async step(): Promise<StepResult> {
    const { ms, value } = await timed(() => this.#training!.next());
    return { ms, loss: value };
  }

  /** Counts the dispatches of one more step; it knows nothing else about itself. */
  async stepFacts() {
    const pass = GPUComputePassEncoder.prototype;
    const dispatch = pass.dispatchWorkgroups;
    let kernels = 0;
    pass.dispatchWorkgroups = function (this: GPUComputePassEncoder, ...sizes) {
      kernels++;
      return dispatch.apply(this, sizes);
    };
    try {
      await this.#training!.next();
    } finally {
      pass.dispatchWorkgroups = dispatch;
    }
    return { kernels, flops: 0, bytes: 0, gpuMs: [] };
  }

  async matmul(size: number, count: number) {
    const tf = this.#tf!;
    const uniform = uniformValues(matmulSeed);
    const make = () => tf.tensor(uniform(size * size, 1), [size, size]);
    const [a, b] = [make(), make()];
    const timesMs: number[] = [];
    let sample: number[] = [];
    for (let i = 0; i < count; i++) {
      const { ms, value } = await timed(async () => {
        const c = tf.matMul(a, b);
        const values = await c.data();
        c.dispose();
        return values;
      });
      timesMs.push(ms);
      sample = sampleOf(value, size);
    }
    tf.dispose([a, b]);
    return { timesMs, sample };
  }
}

await serveEngine(new TfjsEngine());
