// Uniform buffers of the sizes that kernels read when they run: one for each list of numbers, kept with the device.

export class SizeBuffers {
  readonly #gpu: GPUDevice;
  readonly #buffers = new Map<string, GPUBuffer>();

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** A buffer that holds `sizes`, u32 each. Shapes repeat from step to step, so there are few. */
  get(sizes: readonly number[]): GPUBuffer {
    const key = sizes.join(' ');
    let buffer = this.#buffers.get(key);
    if (!buffer) {
      const { UNIFORM } = GPUBufferUsage;
      buffer = this.#gpu.createBuffer({
        label: `sizes ${key}`,
        // wgpu (Deno) binds uniforms in multiples of 16 bytes only.
        size: 16 * Math.ceil(sizes.length / 4),
        usage: UNIFORM,
        mappedAtCreation: true,
      });
      new Uint32Array(buffer.getMappedRange()).set(sizes);
      buffer.unmap();
      this.#buffers.set(key, buffer);
    }
    return buffer;
  }
}
