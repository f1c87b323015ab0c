// The gradient of a broadcast: a sum over the axes along which an operand was repeated.
import { sameShape, type Shape } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';
import { reshape } from '../move/reshape.ts';
import { sum } from '../reduce/sum.ts';

/** Sums a gradient over the axes along which its operand was broadcast. */
export function sumTo(g: Tensor, shape: Shape): Tensor {
  if (sameShape(g.shape, shape)) return g;
  let out = g;
  const lead = g.rank - shape.length;
  for (let axis = 0; axis < g.rank; axis++) {
    const size = axis < lead ? 1 : shape[axis - lead];
    if (out.shape[axis] !== size) out = sum(out, { axis, keepDim: true });
  }
  return reshape(out, shape);
}
