// Gives traced storages their buffers: a slot is reused as soon as its tensor is read for the last time.
import { TensorError } from '../core/errors.ts';
import type { Storage } from '../core/storage.ts';
import type { KernelCall } from '../kernel/kernel.ts';

export interface Layout {
  /** Slot number of each traced storage. */
  slotOf: Map<Storage, number>;
  /** Final size of each slot in bytes. */
  slotBytes: number[];
  /** The largest tensor of each slot, for errors. */
  slotLabels: string[];
}

/** The traced storage behind a binding, or undefined when it has memory of its own already. */
function planned(storage: Storage): Storage | undefined {
  return storage.isVirtual && !storage.target ? storage : undefined;
}

/**
 * Linear scan over the calls. A free slot that fits best is taken; when none is large enough the largest
 * free one grows (sizes are settled only at the end, so growing costs nothing but the difference).
 * Whole slots, not byte ranges of one buffer: WebGPU forbids binding one buffer read and read_write at once.
 */
export function layOut(calls: readonly KernelCall[], pinned: ReadonlySet<Storage>): Layout {
  const lastUse = new Map<Storage, number>();
  calls.forEach((call, at) => {
    for (const b of call.bindings) {
      const storage = planned(b.storage);
      if (storage) lastUse.set(storage, at);
    }
  });
  const slotOf = new Map<Storage, number>();
  const slotBytes: number[] = [];
  const slotLabels: string[] = [];
  const free: number[] = [];
  const takeSlot = ({ byteLength: bytes, label }: Storage): number => {
    let best = -1;
    for (let i = 0; i < free.length; i++) {
      if (best < 0) best = i;
      const a = slotBytes[free[i]];
      const b = slotBytes[free[best]];
      const fits = a >= bytes;
      if (fits ? b < bytes || a < b : b < bytes && a > b) best = i;
    }
    const slot = best < 0 ? slotBytes.length : free.splice(best, 1)[0];
    if (bytes > (slotBytes[slot] ?? -1)) {
      slotBytes[slot] = bytes;
      slotLabels[slot] = label;
    }
    return slot;
  };
  calls.forEach((call, at) => {
    call.bindings.forEach((b, i) => {
      const storage = planned(b.storage);
      if (!storage || slotOf.has(storage)) return;
      // A tensor without elements has nothing to be written.
      if (call.layout[i] === 'r' && !b.isEmpty) {
        throw new TensorError(
          `plan: ${call.name} reads a tensor (${storage.label}) that nothing has written`,
        );
      }
      slotOf.set(storage, takeSlot(storage));
    });
    for (const b of new Set(call.bindings.map((x) => planned(x.storage)))) {
      if (b && lastUse.get(b) === at && !pinned.has(b)) free.push(slotOf.get(b)!);
    }
  });
  return { slotOf, slotBytes, slotLabels };
}
