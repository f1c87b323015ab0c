// Shapes: element counts, broadcasting (NumPy's rule) and axis numbers.
import { ShapeError } from './errors.ts';

export type Shape = readonly number[];

export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

export const formatShape = (shape: Shape): string => `[${shape.join(', ')}]`;

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

/** The shape both operands broadcast to, or a {@link ShapeError} that names both. */
export function broadcastShapes(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(
        `${op}: shapes do not broadcast: a ${formatShape(a)} · b ${formatShape(b)} (${x} ≠ ${y})`,
      );
    }
    out[i] = x === 1 ? y : x;
  }
  return out;
}

/** A negative axis counts from the end; outside the rank it is an error. */
export function normaliseAxis(op: string, axis: number, rank: number): number {
  const at = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || at < 0 || at >= rank) {
    throw new ShapeError(`${op}: axis ${axis} is outside a tensor of rank ${rank}`);
  }
  return at;
}

/**
 * Axes of a reduction in rising order: one, a list, or all of them (undefined, or an empty list as in PyTorch).
 * @throws ShapeError for an axis outside the rank, and for one that is named twice.
 */
export function normaliseAxes(
  op: string,
  axes: number | readonly number[] | undefined,
  rank: number,
): number[] {
  if (axes === undefined || (Array.isArray(axes) && axes.length === 0))
    return Array.from({ length: rank }, (_, i) => i);
  const list = (typeof axes === 'number' ? [axes] : axes).map((axis) => normaliseAxis(op, axis, rank));
  if (new Set(list).size < list.length)
    throw new ShapeError(`${op}: the axes [${String(axes)}] name one axis twice in a tensor of rank ${rank}`);
  return list.sort((a, b) => a - b);
}

export function assertShape(shape: Shape, what: string): void {
  for (const n of shape) {
    if (!Number.isInteger(n) || n < 0) {
      throw new ShapeError(`${what}: ${formatShape(shape)} is no shape: sizes are whole numbers ≥ 0`);
    }
  }
}
