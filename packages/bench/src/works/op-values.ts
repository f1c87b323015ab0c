// The sizes and values of the single ops that engines are compared by, the same numbers in every process.
//
// Legend: R rows, C channels, B batch, T time, H heads of 64 channels.
import { drawn, makeArrays, type HostArray, type Recipe } from './host-arrays.ts';

/** One op; its id names it on the command line and in the JSON. */
export type OpWork =
  | {
      op: 'matmul';
      size: number;
      /** Of inputs and result. Default f32. */
      dtype?: 'f16';
      /** Where a GPU computes, so many products are timed at once and none is read back. Without, one is, and its reading too. */
      launches?: number;
    }
  | { op: 'layerNorm' | 'softmax'; R: number; C: number }
  | { op: 'attention'; B: number; T: number; H: number };

export const headSize = 64;

/** Products so large that only a GPU bears them: what its own library reaches is the measure there. */
export const largeProducts: ReadonlyMap<string, OpWork> = new Map([
  ['matmul-4096', { op: 'matmul', size: 4096, launches: 10 }],
  ['matmul-4096-f16', { op: 'matmul', size: 4096, dtype: 'f16', launches: 10 }],
]);

export const opWorks: ReadonlyMap<string, OpWork> = new Map<string, OpWork>([
  ...[256, 512, 1024, 2048].map((size) => [`matmul-${size}`, { op: 'matmul', size }] as const),
  ['layer-norm', { op: 'layerNorm', R: 4096, C: 768 }],
  ['softmax', { op: 'softmax', R: 4096, C: 768 }],
  ['attention-32', { op: 'attention', B: 8, T: 32, H: 4 }],
  ['attention-256', { op: 'attention', B: 2, T: 256, H: 4 }],
  ...largeProducts,
]);

/**
 * The op's inputs in order: a, b · x, gain, bias · x · q, k, v [B, T, C]. Uniform within ±0.5, and attention's so
 * wide that its weights differ.
 */
export function opRecipe(work: OpWork): Recipe {
  const seed = 7;
  switch (work.op) {
    case 'matmul': {
      const { size } = work;
      return { seed, arrays: [drawn('a', 1, size, size), drawn('b', 1, size, size)] };
    }
    case 'layerNorm': {
      const { R, C } = work;
      return { seed, arrays: [drawn('x', 1, R, C), drawn('gain', 1, C), drawn('bias', 1, C)] };
    }
    case 'softmax':
      return { seed, arrays: [drawn('x', 4, work.R, work.C)] };
    case 'attention': {
      const shape = [work.B, work.T, work.H * headSize];
      return { seed, arrays: [drawn('q', 4, ...shape), drawn('k', 4, ...shape), drawn('v', 1, ...shape)] };
    }
  }
}

export const opValues = (work: OpWork): HostArray[] => [...makeArrays(opRecipe(work)).values()];

/** @throws Error for an id that is no op's */
export function opWork(id: string): OpWork {
  const work = opWorks.get(id);
  if (!work) throw new Error(`there is no op work "${id}"`);
  return work;
}
