// fill: a tensor whose elements all have one value (zeros, ones).
import type { Device } from '../../core/device.ts';
import { type Shape } from '../../core/shape.ts';
import type { DType } from '../../dtype/dtype.ts';
import { runFlat } from '../../kernel/flat.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

export interface FillAttrs {
  shape: Shape;
  value: number;
  dtype: DType;
}

const definition: OpDefinition<FillAttrs, readonly []> = {
  name: 'fill',
  infer: (_, { shape, dtype }) => [{ shape, dtype }],
  launch(context, _, [out], { value }) {
    // f32(bitcast) keeps −0 and large values exact; integers are written as such.
    const bits = new Uint32Array(new Float32Array([value]).buffer)[0];
    const isInt = out.dtype === 'i32' || out.dtype === 'u32';
    const literal = isInt ? `${out.dtype}(${Math.trunc(value)})` : `bitcast<f32>(${bits}u)`;
    runFlat(context, out.size, {
      read: {},
      write: { out },
      code: wgsl`fn thread(i: u32) { out[i] = out_t(${isInt ? literal : `V(${literal})`}); }`,
    });
  },
};

/** A tensor of `shape` filled with `value`. */
export const fill = defineOp(
  definition,
  (apply) =>
    (device: Device, shape: Shape, value: number, { dtype = 'f32' }: { dtype?: DType } = {}): Tensor =>
      apply([], { shape, value, dtype }, device)[0],
);
