// reshape: the same memory under another shape; costs nothing.
import { ShapeError } from '../../core/errors.ts';
import { formatShape, sizeOf, type Shape } from '../../core/shape.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

export function resolve(from: Shape, to: Shape): number[] {
  const known = to.reduce((product, n) => (n === -1 ? product : product * n), 1);
  const out = to.map((n) => (n === -1 ? sizeOf(from) / known : n));
  if (
    to.filter((n) => n === -1).length > 1 ||
    out.some((n) => !Number.isInteger(n)) ||
    sizeOf(out) !== sizeOf(from)
  ) {
    throw new ShapeError(
      `reshape: ${formatShape(from)} has ${sizeOf(from)} elements, ${formatShape(to)} does not`,
    );
  }
  return out;
}

const definition: OpDefinition<{ shape: Shape }, readonly [Tensor]> = {
  name: 'reshape',
  inputs: ['x'],
  isView: true,
  infer: ([x], { shape }) => [{ shape: resolve(x.shape, shape), dtype: x.dtype }],
  launch: () => {},
  vjp: ({ inputs: [x], grad }) => [reshape(grad, x.shape)],
};

/** `x` under `shape`, row-major; one size may be −1. A view: it shares the memory of `x`. */
export const reshape = defineOp(
  definition,
  (apply) =>
    (x: Tensor, shape: Shape): Tensor =>
      apply([x], { shape })[0],
);
