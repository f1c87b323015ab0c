// embedding: y[n] = weight[ids[n]], rows of a table by number; the gradient adds rows back in the order of n.
//
// Ids outside give zeros (see place.ts). Legend: V rows of the table, C channels, N ids. A table over the binding limit is walked in windows of rows.
import { DTypeError, ShapeError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import { bytesPerElement, isFloat } from '../../dtype/dtype.ts';
import { window } from '../../kernel/kernel.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { rowWindows } from '../../kernel/windows.ts';
import { assertFloat } from '../../arguments.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { reshape } from '../move/reshape.ts';
import { addRows } from './add-rows.ts';

const definition: OpDefinition<object, readonly [Tensor, Tensor]> = {
  name: 'embedding',
  inputs: ['weight', 'ids'],
  infer([weight, ids]) {
    assertFloat('embedding', 'weight', weight);
    if (weight.rank !== 2)
      throw new ShapeError(`embedding: the weight ${formatShape(weight.shape)} is no matrix [V, C]`);
    if (isFloat(ids.dtype))
      throw new DTypeError(`embedding: ids are ${ids.dtype}, but whole numbers (u32 or i32) are needed`);
    return [{ shape: [...ids.shape, weight.shape[1]], dtype: weight.dtype }];
  },
  launch({ device, run }, [weight, ids], [out]) {
    const [V, C] = weight.shape;
    const width = bytesPerElement[weight.dtype] * C;
    const vec = C % 4 === 0 && V > 0 ? 4 : 1;
    for (const [at, count] of rowWindows(device.bindingLimit, ids.size, [width, 4])) {
      for (const [row, rows] of rowWindows(device.bindingLimit, V, [width])) {
        run({
          read: { weight: window(weight, row * C, rows * C, vec), ids: window(ids, at, count) },
          write: { out: window(out, at * C, count * C, vec) },
          consts: { WIDTH: C / vec, ROW: row, ROWS: rows },
          threads: (count * C) / vec,
          code: wgsl`fn thread(i: u32) {
            let row = u32(ids[i / WIDTH]) - ROW;
            if (row < ROWS) { out[i] = weight[row * WIDTH + i % WIDTH]; }
            ${row === 0 && 'else { out[i] = out_t(); }'}
          }`,
        });
      }
    }
  },
  folds: [0],
  vjp: ({ inputs: [weight, ids], grad, needs, partials }) => [
    needs[0]
      ? addRows(
          reshape(ids, [ids.size]),
          reshape(grad, [ids.size, weight.shape[1]]),
          weight.shape[0],
          partials[0],
        )
      : undefined,
    undefined,
  ],
};

/**
 * Rows of `weight` [V, C] by number: ids [...] (u32 or i32) → [..., C].
 * An id outside 0 … V − 1 gives a row of zeros and gets no gradient.
 */
export const embedding = defineOp(
  definition,
  (apply) =>
    (weight: Tensor, ids: Tensor): Tensor =>
      apply([weight, ids], {})[0],
);
