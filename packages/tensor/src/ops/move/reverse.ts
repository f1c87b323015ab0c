// flip and roll: the entries of axes in reverse order, or shifted in a circle.
import { assertNumber, assertTensor } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { normaliseAxis } from '../../core/shape.ts';
import { plainAxes, runMove } from '../../kernel/read-at.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { reshape } from './reshape.ts';

const asList = (axes: number | readonly number[]): readonly number[] =>
  typeof axes === 'number' ? [axes] : axes;

export interface FlipAttrs {
  axes: readonly number[];
}

const flipDefinition: OpDefinition<FlipAttrs, readonly [Tensor]> = {
  name: 'flip',
  inputs: ['x'],
  infer: ([x]) => [{ shape: x.shape, dtype: x.dtype }],
  launch(context, [x], [out], { axes }) {
    const reads = plainAxes(x.shape).map((axis, k) =>
      axes.includes(k) ? { ...axis, at: (c: string) => `(${axis.size - 1}u - ${c})` } : axis,
    );
    runMove(context, 'flip', x, out, reads);
  },
  vjp: ({ attrs: { axes }, grad }) => [flip(grad, axes)],
};

/**
 * The entries of `axes` (one axis or a list) in reverse order; any dtype.
 * @example
 * images.flip(-1); // mirrored from left to right, where the last axis is the width
 */
export const flip = defineOp(
  flipDefinition,
  (apply) =>
    (x: Tensor, axes: number | readonly number[]): Tensor => {
      assertTensor('flip', 'x', x);
      return apply([x], { axes: asList(axes).map((axis) => normaliseAxis('flip', axis, x.rank)) })[0];
    },
);

export interface RollAttrs {
  /** Places by which each axis moves, from 0 up to its size. */
  shifts: readonly number[];
}

const rollDefinition: OpDefinition<RollAttrs, readonly [Tensor]> = {
  name: 'roll',
  inputs: ['x'],
  infer: ([x]) => [{ shape: x.shape, dtype: x.dtype }],
  launch(context, [x], [out], { shifts }) {
    const reads = plainAxes(x.shape).map((axis, k) =>
      shifts[k] > 0
        ? { ...axis, at: (c: string) => `((${c} + ${axis.size - shifts[k]}u) % ${axis.size}u)` }
        : axis,
    );
    runMove(context, 'roll', x, out, reads);
  },
  vjp: ({ inputs: [x], attrs: { shifts }, grad }) => [
    roll(
      grad,
      shifts.map((by) => -by),
      x.shape.map((_, k) => k),
    ),
  ],
};

const modulo = (a: number, n: number): number => (n === 0 ? 0 : ((a % n) + n) % n);

/**
 * The entries of `axes` moved by `shifts` places towards the end; what leaves there comes in at the start. Without `axes`
 * the tensor is rolled as one row and keeps its shape. Any dtype.
 * @throws ShapeError when there are not as many shifts as axes.
 * @example
 * tensor(device, [1, 2, 3, 4], [4]).roll(1); // [4, 1, 2, 3]
 */
export const roll = defineOp(
  rollDefinition,
  (apply) =>
    (x: Tensor, shifts: number | readonly number[], axes?: number | readonly number[]): Tensor => {
      assertTensor('roll', 'x', x);
      const by = asList(shifts);
      for (const shift of by) assertNumber('roll', 'shifts', shift, { integer: true });
      if (axes === undefined) {
        if (by.length !== 1) throw new ShapeError(`roll: ${by.length} shifts without axes; one is wanted`);
        return reshape(apply([reshape(x, [x.size])], { shifts: [modulo(by[0], x.size)] })[0], x.shape);
      }
      const at = asList(axes).map((axis) => normaliseAxis('roll', axis, x.rank));
      if (at.length !== by.length)
        throw new ShapeError(`roll: ${by.length} shifts for ${at.length} axes; as many are wanted`);
      const totals = x.shape.map((n, k) =>
        modulo(
          at.reduce((sum, axis, i) => sum + (axis === k ? by[i] : 0), 0),
          n,
        ),
      );
      return apply([x], { shifts: totals })[0];
    },
);
