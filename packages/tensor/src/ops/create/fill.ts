// fill: a tensor whose elements all have one value; zeros, ones, full and their kin by it.
import { assertElement, assertTensor } from '../../arguments.ts';
import type { Device } from '../../core/device.ts';
import { type Shape } from '../../core/shape.ts';
import { isFloat, type DType } from '../../dtype/dtype.ts';
import { registerType, runPointwise } from '../../kernel/pointwise.ts';
import { f32Literal } from '../../kernel/wgsl.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

export interface FillAttrs {
  shape: Shape;
  value: number;
  dtype: DType;
}

const definition: OpDefinition<FillAttrs, readonly []> = {
  name: 'fill',
  infer(_, { shape, value, dtype }) {
    assertElement('fill', 'value', value, dtype);
    return [{ shape, dtype }];
  },
  launch(context, _, [out], { value }) {
    const literal = isFloat(out.dtype) ? f32Literal(value) : Math.trunc(value);
    runPointwise(context, { name: 'fill', read: {}, out, value: `${registerType(out.dtype)}(${literal})` });
  },
};

interface FillOptions {
  dtype?: DType;
}

/**
 * A tensor of `shape` filled with `value`. Floats take NaN and ±∞ too; what is beyond f32 or f16 becomes ±∞, as in a
 * Float32Array. Integers lose their fraction.
 * @throws TensorError for a value beyond an integer type.
 * @example
 * fill(device, [2, 3], -Infinity);
 */
export const fill = defineOp(
  definition,
  (apply) =>
    (device: Device, shape: Shape, value: number, { dtype = 'f32' }: FillOptions = {}): Tensor =>
      apply([], { shape, value, dtype }, device)[0],
);

/** PyTorch's name of {@link fill}. */
export const full = (device: Device, shape: Shape, value: number, options: FillOptions = {}): Tensor =>
  fill(device, shape, value, options);

/** Zeros of `shape`. */
export const zeros = (device: Device, shape: Shape, options: FillOptions = {}): Tensor =>
  fill(device, shape, 0, options);

/** Ones of `shape`. */
export const ones = (device: Device, shape: Shape, options: FillOptions = {}): Tensor =>
  fill(device, shape, 1, options);

/** A tensor of the shape and dtype of `x`, filled with `value`. */
export function fullLike(x: Tensor, value: number, { dtype }: FillOptions = {}): Tensor {
  assertTensor('fullLike', 'x', x);
  return fill(x.device, x.shape, value, { dtype: dtype ?? x.dtype });
}

/** Zeros of the shape and dtype of `x`. */
export const zerosLike = (x: Tensor, options: FillOptions = {}): Tensor => fullLike(x, 0, options);

/** Ones of the shape and dtype of `x`. */
export const onesLike = (x: Tensor, options: FillOptions = {}): Tensor => fullLike(x, 1, options);
