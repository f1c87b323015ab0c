// Axes of a reduction: how callers give them, and the view [outer, n, inner] in which kernels see the tensor.
import { assertNumber, assertOptions } from '../../arguments.ts';
import { TensorError } from '../../core/errors.ts';
import { normaliseAxes, sizeOf, type Shape } from '../../core/shape.ts';

/** One axis or several; negative ones count from the end. */
export type Axes = number | readonly number[];

export interface ReduceOptions {
  /** Undefined: over all elements. */
  axis?: Axes;
  /** Reduced axes stay, with size 1. */
  keepDim?: boolean;
}

/**
 * Both forms of a call in one: `sum(x, 1, { keepDim: true })` and `sum(x, { axis: 1, keepDim: true })`.
 * @throws TensorError for options that do not exist or an axis that is given twice.
 */
export function reduceOptions<O extends ReduceOptions>(
  op: string,
  first: Axes | O | undefined,
  second: O | undefined,
  others: readonly string[] = [],
): O {
  const known = ['axis', 'keepDim', ...others];
  const isAxes = typeof first === 'number' || Array.isArray(first);
  const options = ((isAxes ? second : (first ?? second)) ?? {}) as O;
  assertOptions(op, options, known);
  if (!isAxes && first !== undefined && second !== undefined)
    throw new TensorError(
      `${op}: options are given twice; give the axis first, or all of them in one object`,
    );
  if (isAxes && options.axis !== undefined) throw new TensorError(`${op}: the axis is given twice`);
  const axis = isAxes ? (first as Axes) : options.axis;
  for (const at of Array.isArray(axis) ? (axis as readonly number[]) : [axis])
    if (at !== undefined) assertNumber(op, 'axis', at, { integer: true });
  if (options.keepDim !== undefined && typeof options.keepDim !== 'boolean')
    throw new TensorError(`${op}: keepDim is ${String(options.keepDim)}, but true or false is wanted`);
  return { ...options, axis };
}

/** x seen as [outer, n, inner], reduced over n. */
export interface Places {
  outer: number;
  n: number;
  inner: number;
  /** Shape of the result. */
  shape: Shape;
}

/** The view of a reduction; `order` says how to transpose first, where the reduced axes do not lie side by side. */
export function placesOf(
  op: string,
  shape: Shape,
  { axis, keepDim = false }: ReduceOptions,
): Places & { order?: readonly number[] } {
  const axes = normaliseAxes(op, axis, shape.length);
  const isReduced = (i: number): boolean => axes.includes(i);
  const all = shape.map((_, i) => i);
  const kept = all.filter((i) => !isReduced(i));
  const out = keepDim ? shape.map((size, i) => (isReduced(i) ? 1 : size)) : kept.map((i) => shape[i]);
  const product = (places: readonly number[]): number => sizeOf(places.map((i) => shape[i]));
  const n = product(axes);
  // Axes of size 1 stand in nobody's way.
  const wide = all.filter((i) => shape[i] !== 1);
  const first = wide.findIndex(isReduced);
  const last = wide.findLastIndex(isReduced);
  if (wide.slice(first, last + 1).every(isReduced)) {
    const before = first < 0 ? wide : wide.slice(0, first);
    const after = first < 0 ? [] : wide.slice(last + 1);
    return { outer: product(before), n, inner: product(after), shape: out };
  }
  return { outer: product(kept), n, inner: 1, shape: out, order: [...kept, ...axes] };
}
