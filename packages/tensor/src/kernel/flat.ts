// Kernels over flat ranges: the widest vector that fits, and windows when a tensor is over the binding limit.
import { bytesPerElement } from '../dtype/dtype.ts';
import type { LaunchContext } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import type { Bindable } from './bindable.ts';
import { window, type KernelSpec, type OperandLike } from './kernel.ts';

/** Elements of one window: under the binding limit for every dtype, and 256-byte aligned. */
export function windowElements(bindingBytes: number, tensors: readonly Bindable[]): number {
  const widest = Math.max(...tensors.map((t) => bytesPerElement[t.dtype]));
  return Math.max(128, Math.floor(bindingBytes / widest / 128) * 128);
}

export interface FlatSpec {
  read: Record<string, Tensor | undefined>;
  write: Record<string, Tensor>;
  /** Bound whole in every window. */
  also?: Record<string, OperandLike>;
  consts?: KernelSpec['consts'];
  name?: string;
  /** WGSL with `fn thread(i: u32)`; `V` is f32 or vec4f (1 or 4 elements), `FIRST` the window's first item. */
  code: string | ((elements: 1 | 4) => string);
  flopsPerElement?: number;
}

/**
 * One invocation per element (or per four, when the size is a multiple of 4) over tensors of equal size.
 * `code` sees each tensor as an array named as in `read`/`write`, and the type `V`.
 */
export function runFlat({ device, run }: LaunchContext, size: number, spec: FlatSpec): void {
  const all = [...Object.values(spec.read), ...Object.values(spec.write)].filter((t) => t !== undefined);
  const step = windowElements(device.bindingLimit, all);
  for (let first = 0; first < size; first += step) {
    const count = Math.min(step, size - first);
    const vec = count % 4 === 0 ? 4 : 1;
    const view = (tensors: Record<string, Tensor | undefined>): Record<string, OperandLike> =>
      Object.fromEntries(Object.entries(tensors).map(([key, t]) => [key, t && window(t, first, count, vec)]));
    run({
      name: spec.name,
      read: { ...view(spec.read), ...spec.also },
      write: view(spec.write),
      consts: { ...spec.consts, FIRST: first / vec },
      threads: count / vec,
      flops: (spec.flopsPerElement ?? 1) * count,
      code: `alias V = ${vec === 4 ? 'vec4f' : 'f32'};\n${typeof spec.code === 'string' ? spec.code : spec.code(vec)}`,
    });
  }
}
