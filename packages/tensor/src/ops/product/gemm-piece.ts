// What a matrix product is asked for, and one piece of it: what every product kernel gets.
import type { Tensor } from '../../tensor.ts';
import type { Activation } from '../unary/activations.ts';
import type { Gather } from './gather.ts';

export interface Gemm {
  name?: string;
  a: Tensor;
  b: Tensor;
  out: Tensor;
  M: number;
  N: number;
  K: number;
  batch?: number;
  /** Item of A (of B) for an item of the batch, in WGSL; default the same. For operands that are broadcast. */
  itemA?: (batch: string) => string;
  itemB?: (batch: string) => string;
  /** A is stored [K, M]. */
  transA?: boolean;
  /** B is stored [N, K]. */
  transB?: boolean;
  scale?: number;
  /** A holds gradients, which may be too small for f16: see `gradientScale` in matrix-kernel.ts. */
  gradientA?: boolean;
  /** [N], added to every row. */
  bias?: Tensor;
  activation?: Activation;
  /** Receives the value before the activation, [M, N]. */
  pre?: Tensor;
  /** The result is multiplied by f′(of), [M, N]: the backward pass of an activation. */
  slope?: { of: Tensor; activation: Activation };
  /** Added last, [M, N]. */
  residual?: Tensor;
  /** Adds the product to what `out` holds already (before bias and what follows it). */
  accumulate?: boolean;
  /** Rows of A (of Aᵀ with `transA`) are gathered from `a` rather than stored; for pieces without batch. */
  gather?: Gather;
}

/** One launch: a piece of the product, with its place in the matrices. */
export interface GemmPiece extends Gemm {
  lda: number;
  ldb: number;
  ldc: number;
  /** First elements and counts of the windows bound. */
  aWindow: [first: number, count: number];
  bWindow: [first: number, count: number];
  cWindow: [first: number, count: number];
  /** Added to element indices inside the A window (a column offset). */
  aOffset: number;
  /** First column of C, and of the bias. */
  column: number;
  /** Adds to what C holds already. */
  accumulate: boolean;
  /** False for all but the last piece along K. */
  finish: boolean;
}
