// diagonal and diag: reading the diagonal of matrices, and making matrices of diagonals.
import { assertNumber, assertTensor } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape, normaliseAxis } from '../../core/shape.ts';
import { defineOp, type CompositeDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { pad } from './pad.ts';
import { reshape } from './reshape.ts';
import { slice } from './slice.ts';
import { movedim } from './transpose.ts';

export interface DiagonalAttrs {
  /** Columns from the main diagonal to the right. */
  offset: number;
  axis1: number;
  axis2: number;
}

/** Entries of diagonal `offset` of [rows, columns]. */
export const diagonalLength = (rows: number, columns: number, offset: number): number =>
  Math.max(0, Math.min(rows + Math.min(offset, 0), columns - Math.max(offset, 0)));

const definition: CompositeDefinition<DiagonalAttrs, readonly [Tensor]> = {
  name: 'diagonal',
  inputs: ['x'],
  compose([x], { offset, axis1, axis2 }) {
    assertNumber('diagonal', 'offset', offset, { integer: true });
    if (x.rank < 2)
      throw new ShapeError(`diagonal: x is ${formatShape(x.shape)}, but two axes at least are wanted`);
    const [first, second] = [axis1, axis2].map((axis) => normaliseAxis('diagonal', axis, x.rank));
    const isLast = first === x.rank - 2 && second === x.rank - 1;
    if (first === second) throw new ShapeError(`diagonal: axes ${axis1} and ${axis2} are the same`);
    const matrices = isLast ? x : movedim(x, [first, second], [-2, -1]);
    const [rows, columns] = matrices.shape.slice(-2);
    const length = diagonalLength(rows, columns, offset);
    const start = offset < 0 ? -offset * columns : offset;
    // Along the row-major matrix, the next entry of a diagonal is one row and one column on.
    const flat = reshape(matrices, [...matrices.shape.slice(0, -2), rows * columns]);
    if (length === 0) return [slice(flat, { axis: -1, start: 0, end: 0 })];
    const end = start + (length - 1) * (columns + 1) + 1;
    return [slice(flat, { axis: -1, start, end, step: columns + 1 })];
  },
};

export interface DiagonalOptions {
  /** Diagonals above the main one are positive, those below negative. Default 0. */
  offset?: number;
  /** Rows and columns of the matrices; default the first two axes, as in PyTorch. */
  axis1?: number;
  axis2?: number;
}

/**
 * A diagonal of matrices, which lie in two axes; the result has it as its last axis, behind the others. Any dtype.
 * @example
 * tensor(device, [[1, 2], [3, 4]]).diagonal(); // [1, 4]
 */
export const diagonal = defineOp(
  definition,
  (apply) =>
    (x: Tensor, { offset = 0, axis1 = 0, axis2 = 1 }: DiagonalOptions = {}): Tensor =>
      apply([x], { offset, axis1, axis2 })[0],
);

/**
 * Of a vector [n] the matrix [n + |offset|, n + |offset|] with it as diagonal `offset`, of a matrix its diagonal.
 * @throws ShapeError for other ranks.
 */
export function diag(x: Tensor, offset = 0): Tensor {
  assertTensor('diag', 'x', x);
  if (x.rank === 2) return diagonal(x, { offset });
  assertNumber('diag', 'offset', offset, { integer: true });
  if (x.rank !== 1)
    throw new ShapeError(`diag: x is ${formatShape(x.shape)}, but a vector or a matrix is wanted`);
  const [n] = x.shape;
  if (n === 0)
    return pad(reshape(x, [0, 1]), [
      [Math.abs(offset), 0],
      [0, Math.abs(offset) - 1],
    ]);
  // [n, 1] with n zeros behind each entry is, without the last n, the square row by row.
  const square = reshape(
    slice(
      reshape(
        pad(reshape(x, [n, 1]), [
          [0, 0],
          [0, n],
        ]),
        [n * (n + 1)],
      ),
      { end: n * n },
    ),
    [n, n],
  );
  const [above, below] = [Math.max(0, offset), Math.max(0, -offset)];
  return offset === 0
    ? square
    : pad(square, [
        [below, above],
        [above, below],
      ]);
}
