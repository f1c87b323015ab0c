// prod: the product over one axis, several or all.
import { isFloat, type DType } from '../../dtype/dtype.ts';
import { seenAs } from '../../kernel/bindable.ts';
import { loadedType } from '../../kernel/order-keys.ts';
import { runPointwise } from '../../kernel/pointwise.ts';
import { kernelOp } from '../../op.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';
import type { Places } from './axes.ts';
import { defineReduction, resultView, viewOf } from './define-reduction.ts';
import { runReduction, type Fold } from './run-reduction.ts';

const prodFold = (dtype: DType): Fold => ({
  name: 'prod',
  type: loadedType(dtype),
  load: 'A(v)',
  combine: 'x * y',
  identity: isFloat(dtype) ? '1.0f' : dtype === 'i32' ? '1i' : '1u',
  isExact: !isFloat(dtype),
});

/** The product of all others: by a division, or, where zeros stand, by leaving one of them out. */
const otherFactors = kernelOp<Places, readonly [Tensor, Tensor]>(
  'prodBackward',
  ([x]) => [{ shape: x.shape, dtype: x.dtype }],
  (context, [x, g], [out], places) => {
    const shape = resultView(places);
    const zeros = emptyTensor(context.device, shape);
    const rest = emptyTensor(context.device, shape);
    const fold: Fold = {
      ...prodFold(x.dtype),
      name: 'product without zeros',
      load: 'select(v, A(1.0f), v == A(0.0f))',
    };
    const count: Fold = {
      ...prodFold(x.dtype),
      name: 'count zeros',
      load: 'select(A(0.0f), A(1.0f), v == A(0.0f))',
      combine: 'x + y',
      identity: '0.0f',
    };
    runReduction(context, { ...places, x, out: rest, fold });
    runReduction(context, { ...places, x, out: zeros, fold: count });
    runPointwise(context, {
      name: 'prod backward',
      read: { x: seenAs(x, viewOf(places)), g: seenAs(g, shape), rest, zeros },
      out: seenAs(out, viewOf(places)),
      value:
        'g * rest * select(select(V(0.0), V(1.0) / x, zeros == V(0.0)), V(1.0), (x == V(0.0)) & (zeros == V(1.0)))',
    });
  },
);

/**
 * Π x over `axis` (everything by default), of any dtype; whole numbers wrap beyond 32 bits. The product of nothing is 1. The
 * gradient is right where zeros stand too.
 */
export const prod = defineReduction({
  inner: {
    name: 'prod',
    inputs: ['x'],
    infer: ([x], { shape }) => [{ shape, dtype: x.dtype }],
    launch: (context, [x], [out], places) =>
      runReduction(context, { ...places, x, out, fold: prodFold(x.dtype) }),
    vjp: ({ inputs: [x], attrs, grad }) => otherFactors([x, grad], attrs),
  },
});
