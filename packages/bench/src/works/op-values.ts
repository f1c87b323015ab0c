// The sizes and values of the single ops that engines are compared by, the same numbers in every process.
//
// Legend: R rows, C channels, B batch, T time, H heads of 64 channels.
import { uniformValues } from '../uniform-values.ts';

/** One op; its id names it on the command line and in the JSON. */
export type OpWork =
  | { op: 'matmul'; size: number }
  | { op: 'layerNorm' | 'softmax'; R: number; C: number }
  | { op: 'attention'; B: number; T: number; H: number };

export interface HostValues {
  shape: number[];
  data: Float32Array;
}

export const headSize = 64;

export const opWorks: ReadonlyMap<string, OpWork> = new Map<string, OpWork>([
  ...[256, 512, 1024, 2048].map((size) => [`matmul-${size}`, { op: 'matmul', size }] as const),
  ['layer-norm', { op: 'layerNorm', R: 4096, C: 768 }],
  ['softmax', { op: 'softmax', R: 4096, C: 768 }],
  ['attention-32', { op: 'attention', B: 8, T: 32, H: 4 }],
  ['attention-256', { op: 'attention', B: 2, T: 256, H: 4 }],
]);

/**
 * The op's inputs in order: a, b · x, gain, bias · x · q, k, v [B, T, C]. Uniform within ±0.5, and attention's so
 * wide that its weights differ.
 */
export function opValues(work: OpWork): HostValues[] {
  const uniform = uniformValues(7);
  const values = (scale: number, ...shape: number[]): HostValues => ({
    shape,
    data: uniform(
      shape.reduce((n, d) => n * d, 1),
      scale,
    ),
  });
  switch (work.op) {
    case 'matmul':
      return [values(1, work.size, work.size), values(1, work.size, work.size)];
    case 'layerNorm':
      return [values(1, work.R, work.C), values(1, work.C), values(1, work.C)];
    case 'softmax':
      return [values(4, work.R, work.C)];
    case 'attention': {
      const shape = [work.B, work.T, work.H * headSize];
      return [values(4, ...shape), values(4, ...shape), values(1, ...shape)];
    }
  }
}

/** @throws Error for an id that is no op's */
export function opWork(id: string): OpWork {
  const work = opWorks.get(id);
  if (!work) throw new Error(`there is no op work "${id}"`);
  return work;
}
