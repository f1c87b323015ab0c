// Makes a reduction of its folds: an op that brings any axes side by side, and one over the view [outer, n, inner].
import { applyOp, defineOp, type CompositeDefinition, type Op, type OpDefinition } from '../../op.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape, type Shape } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';
import { transpose } from '../move/transpose.ts';
import { placesOf, reduceOptions, type Axes, type Places, type ReduceOptions } from './axes.ts';

/** A reduction over the view [outer, n, inner]; its first output has the `shape`. */
export type InnerReduction<O> = OpDefinition<Places & O, readonly [Tensor]>;

/** `f(x, axes, options)` or `f(x, { axis, keepDim, … })`; without axes over all elements. */
export type ReduceSignature<O> = (
  x: Tensor,
  axis?: Axes | (ReduceOptions & O),
  options?: ReduceOptions & O,
) => Tensor;

export interface ReductionSpec<O> {
  inner: InnerReduction<O>;
  /** Names of the options beside axis and keepDim. */
  others?: readonly string[];
  /** Checks x and options. */
  assert?(x: Tensor, options: O): void;
  /** Nothing has no maximum. */
  needsElements?: boolean;
}

/** The shape of the view, for pointwise kernels. */
export const viewOf = ({ outer, n, inner }: Places): Shape => [outer, n, inner];
export const resultView = ({ outer, inner }: Places): Shape => [outer, 1, inner];

export function defineReduction<O extends object = object>({
  inner,
  others = [],
  assert,
  needsElements = false,
}: ReductionSpec<O>): Op<ReduceSignature<O>> {
  const { name } = inner;
  const definition: CompositeDefinition<ReduceOptions & O, readonly [Tensor]> = {
    name,
    inputs: ['x'],
    compose([x], options, device) {
      assert?.(x, options);
      const { axis: _, keepDim: __, ...rest } = options;
      const { order, ...places } = placesOf(name, x.shape, options);
      if (needsElements && places.n === 0 && places.outer * places.inner > 0)
        throw new ShapeError(`${name}: nothing to reduce in ${formatShape(x.shape)}`);
      const source = order ? transpose(x, order) : x;
      return applyOp(inner, [source], { ...places, ...(rest as unknown as O) }, device);
    },
  };
  return defineOp(
    definition,
    (apply): ReduceSignature<O> =>
      (x, axis, options) =>
        apply([x], reduceOptions<ReduceOptions & O>(name, axis, options, others))[0],
  );
}
