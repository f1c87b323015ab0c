// While a plan is traced, ops write their kernel calls here and get memory that has no buffer yet.
import { Storage, type StorageOwner } from '../core/storage.ts';
import { bytesPerElement } from '../dtype/dtype.ts';
import type { Recorder } from '../core/recorder.ts';
import type { Bindable } from '../kernel/bindable.ts';
import type { KernelCall } from '../kernel/kernel.ts';

export class Trace implements StorageOwner, Recorder {
  readonly calls: KernelCall[] = [];
  /** Constants uploaded while tracing; the plan keeps and frees them. */
  readonly held: Storage[] = [];

  allocate(byteLength: number, label: string): Storage {
    return new Storage(this, byteLength, label, { isVirtual: true });
  }

  hold(storage: Storage): void {
    this.held.push(storage);
  }

  record(call: KernelCall): void {
    this.calls.push(call);
  }

  /** Traced memory is planned by lifetimes, never released by hand. */
  releaseStorage(): void {}

  /**
   * Makes the producer of `from` write straight into `target`'s memory. False when that is impossible, or
   * unwise because another kernel reads it: that kernel might write its own result into the same buffer, and
   * WebGPU forbids binding one buffer for reading and for writing at once.
   */
  redirect(from: Bindable, target: Bindable): boolean {
    const { storage } = from;
    const whole =
      from.byteOffset === 0 && from.dtype === target.dtype && storage.byteLength <= paddedLength(target);
    const isRead = this.calls.some((call) =>
      call.bindings.some((b, i) => b.storage === storage && call.layout[i] === 'r'),
    );
    if (!storage.isVirtual || storage.target || !whole || isRead) return false;
    storage.aliasInto(target.storage, target.byteOffset);
    return true;
  }
}

const paddedLength = (t: Bindable): number =>
  Math.max(4, Math.ceil((t.size * bytesPerElement[t.dtype]) / 4) * 4);
