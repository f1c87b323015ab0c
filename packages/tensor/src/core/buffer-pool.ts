// Freed buffers wait here for the next tensor of about their size, so that a step does not allocate.

/** Sizes are rounded up to a quarter of a power of two (at most 25 % waste), at least 256 bytes. */
export function sizeClass(byteLength: number): number {
  if (byteLength <= 256) return 256;
  const quarter = 2 ** Math.max(8, Math.floor(Math.log2(byteLength)) - 2);
  return Math.ceil(byteLength / quarter) * quarter;
}

export class BufferPool {
  readonly #free = new Map<number, GPUBuffer[]>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  take(byteLength: number): GPUBuffer | undefined {
    const buffer = this.#free.get(sizeClass(byteLength))?.pop();
    if (buffer) this.#bytes -= buffer.size;
    return buffer;
  }

  /** Returns false when the pool is full: the caller destroys the buffer. */
  give(buffer: GPUBuffer): boolean {
    if (this.#bytes + buffer.size > this.#maxBytes) return false;
    const list = this.#free.get(buffer.size);
    if (list) list.push(buffer);
    else this.#free.set(buffer.size, [buffer]);
    this.#bytes += buffer.size;
    return true;
  }

  clear(): void {
    for (const list of this.#free.values()) for (const buffer of list) buffer.destroy();
    this.#free.clear();
    this.#bytes = 0;
  }
}
