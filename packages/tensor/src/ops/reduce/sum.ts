// sum and mean: over one axis, several or all; floats in f32, whole numbers in their own arithmetic.
import { assertFloat } from '../../arguments.ts';
import { isFloat, type DType } from '../../dtype/dtype.ts';
import { seenAs } from '../../kernel/bindable.ts';
import { loadedType } from '../../kernel/order-keys.ts';
import { runPointwise } from '../../kernel/pointwise.ts';
import { f32Literal } from '../../kernel/wgsl.ts';
import { kernelOp } from '../../op.ts';
import type { Shape } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';
import type { Places } from './axes.ts';
import { defineReduction, resultView, viewOf, type InnerReduction } from './define-reduction.ts';
import { runReduction, type Fold } from './run-reduction.ts';

export const sumFold = (name: string, dtype: DType, scale?: number): Fold => ({
  name,
  type: loadedType(dtype),
  load: 'A(v)',
  combine: 'x + y',
  identity: isFloat(dtype) ? '0.0f' : dtype === 'i32' ? '0i' : '0u',
  finish: scale === undefined ? 'acc' : scale === 0 ? 'F(notANumber())' : `acc / F(${f32Literal(scale)})`,
  isExact: !isFloat(dtype),
});

/** Each gradient at all places it came from, times `scale`. */
const spread = kernelOp(
  'sumBackward',
  ([g]: readonly [Tensor], { shape }: { places: Places; shape: Shape; scale: number }) => [
    { shape, dtype: g.dtype },
  ],
  (context, [g], [out], { places, scale }) =>
    runPointwise(context, {
      name: 'sum backward',
      read: { g: seenAs(g, resultView(places)) },
      out: seenAs(out, viewOf(places)),
      value: scale === 1 ? 'g' : `g * V(${f32Literal(scale)})`,
    }),
);

const inner = (name: 'sum' | 'mean'): InnerReduction<object> => ({
  name,
  inputs: ['x'],
  infer: ([x], { shape }) => [{ shape, dtype: x.dtype }],
  launch(context, [x], [out], places) {
    runReduction(context, {
      x,
      out,
      ...places,
      fold: sumFold(name, x.dtype, name === 'mean' ? places.n : undefined),
    });
  },
  vjp: ({ inputs: [x], attrs: places, grad }) =>
    spread([grad], { places, shape: x.shape, scale: name === 'mean' ? 1 / places.n : 1 }),
});

/**
 * Σ x over `axis`: a number, a list, or everything. Sums of i32 and u32 are exact up to 32 bits and wrap beyond them. Nothing
 * sums to 0.
 * @example
 * sum(x); // []
 * sum(x, 1); // [2, 3, 4] → [2, 4]
 * sum(x, [0, 2], { keepDim: true }); // [2, 3, 4] → [1, 3, 1]
 */
export const sum = defineReduction({ inner: inner('sum') });

/**
 * Mean over `axis` (everything by default) of floats; of nothing it is NaN, as in PyTorch.
 * @example
 * mean(x, -1); // [2, 3] → [2]
 */
export const mean = defineReduction({ inner: inner('mean'), assert: (x) => assertFloat('mean', 'x', x) });
