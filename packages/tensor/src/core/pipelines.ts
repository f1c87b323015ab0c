// Compiled kernels by their WGSL text, and the explicit bind-group layouts they use.
import type { KernelCall } from '../kernel/kernel.ts';
import { SizeBuffers } from './size-buffers.ts';

/** By the letters of {@link KernelCall.layout}. */
const bindingTypes = { r: 'read-only-storage', w: 'storage', u: 'uniform' } as const;

export class PipelineCache {
  readonly sizes: SizeBuffers;
  readonly #gpu: GPUDevice;
  readonly #pipelines = new Map<string, GPUComputePipeline>();
  readonly #pending = new Map<string, Promise<void>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
    this.sizes = new SizeBuffers(gpu);
  }

  get size(): number {
    return this.#pipelines.size;
  }

  layoutOf(signature: string): GPUBindGroupLayout {
    let layout = this.#layouts.get(signature);
    if (!layout) {
      const entries = [...signature].map((access, binding): GPUBindGroupLayoutEntry => ({
        binding,
        visibility: 4,
        buffer: { type: bindingTypes[access as keyof typeof bindingTypes] },
      }));
      layout = this.#gpu.createBindGroupLayout({ entries });
      this.#layouts.set(signature, layout);
    }
    return layout;
  }

  #describe(call: KernelCall): GPUComputePipelineDescriptor {
    return {
      label: call.name,
      // One for each pipeline: wgpu (Deno) holds all pipelines of a layout to the binding sizes of the first.
      layout: this.#gpu.createPipelineLayout({ bindGroupLayouts: [this.layoutOf(call.layout)] }),
      compute: {
        module: this.#gpu.createShaderModule({ label: call.name, code: call.code }),
        entryPoint: 'main',
      },
    };
  }

  /** The pipeline, compiled now if it must be (eager mode). */
  get(call: KernelCall): GPUComputePipeline {
    let pipeline = this.#pipelines.get(call.code);
    if (!pipeline) {
      pipeline = this.#gpu.createComputePipeline(this.#describe(call));
      this.#pipelines.set(call.code, pipeline);
    }
    return pipeline;
  }

  /** Compiles all that are missing, in parallel, without blocking (plans). */
  async prepare(calls: readonly KernelCall[]): Promise<void> {
    const waits: Promise<void>[] = [];
    for (const call of calls) {
      if (this.#pipelines.has(call.code)) continue;
      let pending = this.#pending.get(call.code);
      if (!pending) {
        pending = this.#gpu
          .createComputePipelineAsync(this.#describe(call))
          .then((pipeline) => void this.#pipelines.set(call.code, pipeline))
          .catch((error: Error) => {
            throw new Error(`${call.name}: this kernel does not compile: ${error.message}\n${call.code}`);
          })
          .finally(() => this.#pending.delete(call.code));
        this.#pending.set(call.code, pending);
      }
      waits.push(pending);
    }
    await Promise.all(waits);
  }
}
