// Named tensors of the GPU as entries of a file.
import type { SafetensorsEntry, Tensor } from '@foreword/tensor';

export interface EntryOptions {
  /** Default: as each tensor is stored. */
  dtype?: 'F32' | 'F16';
}

/** Reads tensors back, for `writeSafetensors`. */
export async function readEntries(
  tensors: Iterable<readonly [name: string, t: Tensor]>,
  { dtype }: EntryOptions = {},
): Promise<SafetensorsEntry[]> {
  const entries: SafetensorsEntry[] = [];
  for (const [name, t] of tensors) {
    const data = await t.read();
    entries.push({ name, dtype: dtype ?? (t.dtype === 'f16' ? 'F16' : 'F32'), shape: t.shape, data });
  }
  return entries;
}
