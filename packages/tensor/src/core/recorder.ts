// What stands in for the GPU while a plan is traced: it gives memory that has no buffer yet, and writes calls down.
import type { Bindable } from '../kernel/bindable.ts';
import type { KernelCall } from '../kernel/kernel.ts';
import type { Storage } from './storage.ts';

export interface Recorder {
  allocate(byteLength: number, label: string): Storage;
  /** Keeps a constant that was uploaded while tracing. */
  hold(storage: Storage): void;
  record(call: KernelCall): void;
  /** Makes the producer of `from` write straight into `target`'s memory; false when that is impossible. */
  redirect(from: Bindable, target: Bindable): boolean;
}
