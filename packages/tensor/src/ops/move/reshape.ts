// reshape: the same memory under another shape; costs nothing.
import { show } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape, sizeOf, type Shape } from '../../core/shape.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

export function resolve(from: Shape, to: Shape): number[] {
  if (!Array.isArray(to) || to.some((n) => !Number.isInteger(n) || n < -1))
    throw new ShapeError(
      `reshape: the shape is ${show(to)}, but sizes of 0 and more are wanted, one of which may be −1`,
    );
  const free = to.filter((n) => n === -1).length;
  if (free > 1)
    throw new ShapeError(`reshape: ${formatShape(to)} has ${free} sizes of −1, but one at most can be found`);
  const known = sizeOf(to.filter((n) => n !== -1));
  // What multiplies 0 to 0 is any number: PyTorch refuses it too.
  if (free === 1 && (known === 0 || sizeOf(from) % known !== 0))
    throw new ShapeError(
      `reshape: no size for −1 makes ${formatShape(to)} of the ${sizeOf(from)} elements of ${formatShape(from)}`,
    );
  const out = to.map((n) => (n === -1 ? sizeOf(from) / known : n));
  if (sizeOf(out) !== sizeOf(from))
    throw new ShapeError(
      `reshape: ${formatShape(from)} has ${sizeOf(from)} elements, ${formatShape(to)} has ${sizeOf(out)}`,
    );
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

/** Sizes as one list, `reshape(x, [2, 3])`, or one after another, `reshape(x, 2, 3)`. */
export type SizeArguments = number[] | [Shape];

export const listOf = (sizes: SizeArguments): Shape =>
  (sizes.length === 1 && typeof sizes[0] !== 'number' ? sizes[0] : sizes) as Shape;

/**
 * `x` under another shape, row-major; one size may be −1. A view: it shares the memory of `x`. Any dtype.
 * @throws ShapeError when the numbers of elements differ.
 * @example
 * x.reshape([2, -1]); // or x.reshape(2, -1)
 */
export const reshape = defineOp(
  definition,
  (apply) =>
    (x: Tensor, ...shape: SizeArguments): Tensor =>
      apply([x], { shape: listOf(shape) })[0],
);
