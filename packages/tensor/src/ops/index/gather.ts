// gather: one element per index along an axis; its gradient adds back.
import { assertInteger, assertTensor } from '../../arguments.ts';
import { normaliseAxis } from '../../core/shape.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { assertIndexShape, launchGather } from './gather-kernel.ts';
import { addScattered } from './scatter-kernel.ts';

const definition: OpDefinition<{ axis: number }, readonly [Tensor, Tensor]> = {
  name: 'gather',
  inputs: ['x', 'index'],
  infer([x, index], { axis }) {
    assertInteger('gather', 'index', index);
    assertIndexShape('gather', 'x', x.shape, index.shape, axis);
    return [{ shape: index.shape, dtype: x.dtype }];
  },
  launch: launchGather,
  folds: [0],
  vjp: ({ inputs: [x, index], attrs: { axis }, grad, partials }) => [
    addScattered(partials[0], index, grad, { axis, shape: x.shape }),
    undefined,
  ],
};

/**
 * One element of `x` per index: out[i, j, k] = x[index[i, j, k], j, k] for axis 0, and so on; the result has the shape of
 * `index`, which has as many axes as `x` and is nowhere longer but along `axis`. Any dtype. An i32 index below 0 counts from the
 * end; one outside gives NaN (0 for integers) and gets no gradient. Equal indices add their gradients in a fixed order.
 * @throws ShapeError for an index that does not fit, DTypeError for one of floats.
 * @example
 * logits.gather(-1, targets.unsqueeze(-1)); // [B, V], [B, 1] → [B, 1]
 */
export const gather = defineOp(definition, (apply) => (x: Tensor, axis: number, index: Tensor): Tensor => {
  assertTensor('gather', 'x', x);
  return apply([x, index], { axis: normaliseAxis('gather', axis, x.rank) })[0];
});
