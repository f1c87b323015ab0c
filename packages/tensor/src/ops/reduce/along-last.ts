// Brings an axis to the end for kernels over rows, and the results back.
import type { Tensor } from '../../tensor.ts';
import { transpose } from '../move/transpose.ts';

/** `work` on x with `axis` swapped to the end; its results have their last axis swapped back. */
export function alongLast(x: Tensor, axis: number, work: (rows: Tensor) => Tensor[]): Tensor[] {
  const last = x.rank - 1;
  if (axis === last) return work(x);
  const swapped = x.shape.map((_, i) => (i === axis ? last : i === last ? axis : i));
  return work(transpose(x, swapped)).map((t) => transpose(t, swapped));
}
