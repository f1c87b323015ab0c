// Buffers that reads go through, kept by size because a loss is read at every step.

/** Larger reads are rare, and their memory is given back. */
const mostBytes = 4096;

export class StagingBuffers {
  readonly #bySize = new Map<number, GPUBuffer[]>();

  take(byteLength: number): GPUBuffer | undefined {
    return this.#bySize.get(byteLength)?.pop();
  }

  /** Keeps the buffer for another read, or destroys it. */
  give(buffer: GPUBuffer): void {
    if (buffer.size > mostBytes) {
      buffer.destroy();
      return;
    }
    const kept = this.#bySize.get(buffer.size) ?? [];
    this.#bySize.set(buffer.size, kept);
    kept.push(buffer);
  }

  clear(): void {
    for (const buffer of [...this.#bySize.values()].flat()) buffer.destroy();
    this.#bySize.clear();
  }
}
