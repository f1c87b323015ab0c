// maskedFill: a number wherever a mask is not zero.
import { assertElement, assertTensor } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { broadcastShapes, formatShape, sameShape } from '../../core/shape.ts';
import { isFloat } from '../../dtype/dtype.ts';
import { registerType, runPointwise } from '../../kernel/pointwise.ts';
import { f32Literal } from '../../kernel/wgsl.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

export interface MaskedFillAttrs {
  value: number;
}

const definition: OpDefinition<MaskedFillAttrs, readonly [Tensor, Tensor]> = {
  name: 'maskedFill',
  inputs: ['x', 'mask'],
  infer([x, mask], { value }) {
    assertElement('maskedFill', 'value', value, x.dtype);
    if (!sameShape(broadcastShapes('maskedFill', x.shape, mask.shape), x.shape))
      throw new ShapeError(
        `maskedFill: the mask ${formatShape(mask.shape)} does not broadcast to x ${formatShape(x.shape)}`,
      );
    return [{ shape: x.shape, dtype: x.dtype }];
  },
  launch(context, [x, mask], [out], { value }) {
    const type = registerType(out.dtype);
    const literal = isFloat(out.dtype) ? f32Literal(value) : Math.trunc(value);
    runPointwise(context, {
      name: 'maskedFill',
      read: { x, mask },
      out,
      value: `select(x, ${type}(${literal}), mask != ${registerType(mask.dtype)}(0))`,
    });
  },
  vjp: ({ inputs: [, mask], grad }) => [maskedFill(grad, mask, 0), undefined],
};

/**
 * `x` with `value` wherever `mask` is not zero; the mask has any dtype and broadcasts to `x`. Any dtype.
 * There is no maskedSelect and no nonzero: their shapes would depend on values, and shapes here never do. Fill, or sort by the
 * mask, instead.
 * @throws ShapeError when the mask does not broadcast to `x`, TensorError for a value that `x` cannot hold.
 * @example
 * scores.maskedFill(mask, -Infinity).softmax();
 */
export const maskedFill = defineOp(
  definition,
  (apply) =>
    (x: Tensor, mask: Tensor, value: number): Tensor => {
      assertTensor('maskedFill', 'x', x);
      return apply([x, mask], { value })[0];
    },
);
