// max and min, any and all: folds over u32, for which any order gives the same.
import { isFloat, type DType } from '../../dtype/dtype.ts';
import { seenAs } from '../../kernel/bindable.ts';
import { fromOrderKey, orderKey } from '../../kernel/order-keys.ts';
import { runPointwise } from '../../kernel/pointwise.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';
import { kernelOp } from '../../op.ts';
import type { Places } from './axes.ts';
import { defineReduction, resultView, viewOf, type InnerReduction } from './define-reduction.ts';
import { runReduction, type Fold } from './run-reduction.ts';

type Extreme = 'max' | 'min';

/** Keys of a minimum are turned round, except NaN's: it wins either way. */
const turned = (vec: 1 | 4, name: string): string => {
  const U = vec === 4 ? 'vec4u' : 'u32';
  return `fn ${name}(k: ${U}) -> ${U} { return select(~k, k, k == ${U}(0xffffffffu)); }`;
};

export function extremeFold(kind: Extreme, dtype: DType): Fold {
  const turn = (name: string, key: string): string =>
    kind === 'max' ? key : isFloat(dtype) ? `${name}(${key})` : `~${key}`;
  return {
    name: kind,
    type: 'u32',
    prelude: (vec) => `${orderKey(dtype, vec)}\n${turned(vec, 'turned')}`,
    load: turn('turned', 'orderKey(v)'),
    combine: 'max(x, y)',
    identity: '0u',
    finishPrelude: (vec) => `${fromOrderKey(dtype, vec)}\n${turned(vec, 'turnedBack')}`,
    finish: `fromOrderKey(${turn('turnedBack', 'acc')})`,
    isExact: true,
  };
}

/** The gradient at the places of the extreme value, shared evenly where it stands several times. */
export const shareOut = kernelOp<Places, readonly [Tensor, Tensor, Tensor]>(
  'extremeBackward',
  ([x]) => [{ shape: x.shape, dtype: x.dtype }],
  (context, [x, y, g], [out], places) => {
    const count = emptyTensor(context.device, [places.outer, 1, places.inner]);
    const isSame = (nan: string): string => `(x == y) | (${nan}(x) & ${nan}(y))`;
    runReduction(context, {
      x,
      out: count,
      ...places,
      centres: { y },
      fold: {
        name: 'count ties',
        type: 'f32',
        prelude: () => `fn isSame(x: V, y: V) -> B { return ${isSame('nan')}; }`,
        load: 'select(A(0.0f), A(1.0f), isSame(v, y))',
        combine: 'x + y',
        identity: '0.0f',
      },
    });
    runPointwise(context, {
      name: 'max backward',
      read: {
        x: seenAs(x, viewOf(places)),
        y: seenAs(y, resultView(places)),
        g: seenAs(g, resultView(places)),
        count,
      },
      out: seenAs(out, viewOf(places)),
      prelude: [`fn isExtreme(x: V, y: V) -> VB { return ${isSame('nanV')}; }`],
      value: 'select(V(0.0), g / count, isExtreme(x, y))',
    });
  },
);

const extreme = (kind: Extreme): InnerReduction<object> => ({
  name: kind,
  inputs: ['x'],
  infer: ([x], { shape }) => [{ shape, dtype: x.dtype }],
  launch: (context, [x], [out], places) =>
    runReduction(context, { x, out, ...places, fold: extremeFold(kind, x.dtype) }),
  vjp: ({ inputs: [x], outputs: [y], attrs, grad }) => shareOut([x, y, grad], attrs),
});

/**
 * Largest value over `axis` (everything by default), of any dtype; NaN where there is one. Values that tie for it share the
 * gradient evenly, as in PyTorch's amax.
 * @throws ShapeError where there is nothing to choose from.
 * @example
 * max(x, 0); // [2, 3] → [3]
 */
export const max = defineReduction({ inner: extreme('max'), needsElements: true });

/**
 * Smallest value over `axis` (everything by default), of any dtype; NaN where there is one. Values that tie for it share the
 * gradient evenly, as in PyTorch's amin.
 * @throws ShapeError where there is nothing to choose from.
 */
export const min = defineReduction({ inner: extreme('min'), needsElements: true });

const truth = (name: 'any' | 'all'): InnerReduction<object> => ({
  name,
  inputs: ['x'],
  infer: (_, { shape }) => [{ shape, dtype: 'u32' }],
  launch: (context, [x], [out], places) =>
    runReduction(context, {
      x,
      out,
      ...places,
      fold: {
        name,
        type: 'u32',
        // Bits tell: NaN is true, −0 is false.
        load: `select(A(0u), A(1u), (bitcast<A>(v)${isFloat(x.dtype) ? ' & A(0x7fffffffu)' : ''}) != A(0u))`,
        combine: name === 'any' ? 'x | y' : 'x & y',
        identity: name === 'any' ? '0u' : '1u',
        isExact: true,
      },
    }),
});

/** 1 where anything over `axis` (everything by default) is not zero, else 0; u32, of any dtype. NaN is not zero. */
export const any = defineReduction({ inner: truth('any') });

/** 1 where nothing over `axis` (everything by default) is zero, else 0; u32, of any dtype. Of nothing it is 1. */
export const all = defineReduction({ inner: truth('all') });
