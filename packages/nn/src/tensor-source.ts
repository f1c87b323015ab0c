// Named tensors that a model can be made of: those of an open file, or of memory.
import type { TensorFile } from '@foreword/tensor';
import type { HostTensor } from './load-values.ts';
import { ModuleError } from './nn-error.ts';

/** Named arrays, read when they are asked for; an open file is one. */
export interface TensorSource {
  /** For messages: a path, a URL. */
  readonly name?: string;
  names(): Iterable<string>;
  info(tensor: string): { shape: readonly number[] };
  /** All elements, row-major. */
  readAsF32(tensor: string): Promise<Float32Array>;
}

/** True for a source that gives pieces of a tensor, so that a large one never lies whole in memory. */
export const isFile = (source: TensorSource): source is TensorFile => 'read' in source;

/** A source of arrays in memory. */
export function memoryTensors(tensors: ReadonlyMap<string, HostTensor>): TensorSource {
  const find = (name: string): HostTensor => {
    const found = tensors.get(name);
    if (!found) throw new ModuleError(`there is no tensor "${name}" among the ${tensors.size} in memory`);
    return found;
  };
  return {
    names: () => tensors.keys(),
    info: find,
    readAsF32: async (name) => {
      const { data } = find(name);
      return data instanceof Float32Array ? data : Float32Array.from(data);
    },
  };
}
