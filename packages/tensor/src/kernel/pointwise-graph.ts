// Pointwise kernels as small graphs: what a plan needs to join a chain of them into one kernel.
import type { DType } from '../dtype/dtype.ts';
import type { Bindable } from './bindable.ts';

/** How an operand is read: the element of the result's own place, one element for all, or a broadcast place. */
export interface PointwiseOperand {
  tensor: Bindable;
  /** Item of the operand for item `i` of the result; undefined: item i. */
  index?: (i: string, vec: 1 | 4) => string;
  /** One element serves all. */
  isSplat?: boolean;
  /** WGSL condition for item `i` of the result: where it is false the operand is not read and counts as `outside`. */
  inside?: (i: string, vec: 1 | 4) => string;
  /** WGSL of the operand's type in pointwise expressions; default 0. */
  outside?: string;
}

/** An operand with its own way of being read, and the widest items that allows. */
export type PlacedOperand = PointwiseOperand & { widest: 1 | 4 };

/** A value that a stage takes: an operand, or the result of an earlier stage. */
export type StageInput = { operand: number } | { stage: number };

export interface Stage {
  name: string;
  /** WGSL functions that `value` calls, one text each. Names must be unique over all ops: joined kernels share them. */
  prelude: readonly string[];
  /** Names of the inputs in `value`. */
  params: readonly string[];
  inputs: readonly StageInput[];
  /** WGSL expression; floats are V, i32 VI, u32 VU, booleans VB, each of one or four elements. */
  value: string;
  dtype: DType;
}

/** Stages in order; the last one's value is the result. */
export interface PointwiseGraph {
  operands: readonly PointwiseOperand[];
  stages: readonly Stage[];
  out: Bindable;
  /** Four elements per item where all operands allow it. */
  widest: 1 | 4;
}

/** Whether two operands are the same elements in the same places. */
export const isSameOperand = (a: PointwiseOperand, b: PointwiseOperand): boolean =>
  a.tensor.storage === b.tensor.storage &&
  a.tensor.byteOffset === b.tensor.byteOffset &&
  a.tensor.size === b.tensor.size &&
  a.isSplat === b.isSplat &&
  a.index?.('i', 1) === b.index?.('i', 1) &&
  a.inside?.('i', 1) === b.inside?.('i', 1) &&
  a.outside === b.outside;
