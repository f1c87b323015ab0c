// A Storage is a piece of GPU memory that one or more tensors look at.
// It is freed once, by its scope or by dispose(), for all tensors that look at it.
// Real storages have a buffer; those made while a plan is traced get theirs when the plan is laid out.
import { DisposedError } from './errors.ts';

export interface StorageOwner {
  releaseStorage(storage: Storage): void;
}

export class Storage {
  readonly owner: StorageOwner;
  readonly byteLength: number;
  readonly label: string;
  buffer: GPUBuffer | undefined;
  byteOffset = 0;
  /** Set while tracing: this storage is a piece of another one (see {@link Storage.aliasInto}). */
  target: Storage | undefined;
  readonly isVirtual: boolean;
  /** What made it, while no scope owns it (see leak-watch.ts). */
  looseOp: string | undefined;
  #released = false;

  constructor(
    owner: StorageOwner,
    byteLength: number,
    label: string,
    place: { buffer?: GPUBuffer; byteOffset?: number; isVirtual?: boolean } = {},
  ) {
    this.owner = owner;
    this.byteLength = byteLength;
    this.label = label;
    this.buffer = place.buffer;
    this.byteOffset = place.byteOffset ?? 0;
    this.isVirtual = place.isVirtual ?? false;
  }

  get isReleased(): boolean {
    return this.#released;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.owner.releaseStorage(this);
  }

  assertLive(): void {
    if (this.#released) {
      throw new DisposedError(
        `${this.label}: this tensor was released, by dispose() or because its scope ended; ` +
          `return it from the scope or call keep()`,
      );
    }
  }

  /** Redirects a traced storage into `target` at `byteOffset`, so that its producer writes there at once. */
  aliasInto(target: Storage, byteOffset: number): void {
    this.target = target;
    this.byteOffset = byteOffset;
  }

  /** The buffer and absolute offset behind this storage; follows redirections. */
  resolve(): { buffer: GPUBuffer; byteOffset: number } {
    if (this.target) {
      const base = this.target.resolve();
      return { buffer: base.buffer, byteOffset: base.byteOffset + this.byteOffset };
    }
    if (!this.buffer) {
      this.assertLive();
      throw new DisposedError(`${this.label}: this tensor belongs to a plan that is still being traced`);
    }
    return { buffer: this.buffer, byteOffset: this.byteOffset };
  }
}
