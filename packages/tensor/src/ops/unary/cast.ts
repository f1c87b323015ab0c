// cast: the same values in another dtype; copyInto: the same values in memory that exists already.
import { ShapeError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import type { DType } from '../../dtype/dtype.ts';
import { isFloat } from '../../dtype/dtype.ts';
import { runFlat } from '../../kernel/flat.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { defineOp, type LaunchContext, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

function launchCopy(context: LaunchContext, x: Tensor, out: Tensor): void {
  const pair = `${x.dtype} ${out.dtype}`;
  const plain = !isFloat(x.dtype) || !isFloat(out.dtype);
  runFlat(context, x.size, {
    name: x.dtype === out.dtype ? 'copy' : `cast ${pair}`,
    read: { x },
    write: { out },
    code: wgsl`fn thread(i: u32) { out[i] = out_t(${plain ? 'x[i]' : 'V(x[i])'}); }`,
  });
}

const definition: OpDefinition<{ dtype: DType }, readonly [Tensor]> = {
  name: 'cast',
  infer: ([x], { dtype }) => [{ shape: x.shape, dtype }],
  launch: (context, [x], [out]) => launchCopy(context, x, out),
  vjp: ({ inputs: [x], grad }) => [isFloat(x.dtype) ? cast(grad, x.dtype) : undefined],
  reference: ([x], { dtype }) => [{ shape: x.shape, data: isFloat(dtype) ? x.data : x.data.map(Math.trunc) }],
  samples: [
    { inputs: [{ shape: [3, 4] }], attrs: { dtype: 'f32' } },
    { inputs: [{ shape: [7] }], attrs: { dtype: 'f32' } },
    { inputs: [{ shape: [9], dtype: 'i32', range: [-50, 50] }], attrs: { dtype: 'f32' } },
    { inputs: [{ shape: [4], range: [-9, 9] }], attrs: { dtype: 'i32' }, checkGrad: [] },
    { inputs: [{ shape: [0, 3] }], attrs: { dtype: 'f32' } },
    { inputs: [{ shape: [1] }], attrs: { dtype: 'f32' } },
    { inputs: [{ shape: [201], dtype: 'u32', range: [0, 50] }], attrs: { dtype: 'f32' } },
  ],
};

/** The values of `x` as `dtype`: floats round to nearest even in f16, and truncate towards zero in i32/u32. */
export const cast = defineOp(
  definition,
  (apply) =>
    (x: Tensor, dtype: DType): Tensor =>
      apply([x], { dtype })[0],
);

/** Copies the values of `from` into the memory of `target` (same shape); returns `target`. Not differentiable. */
export function copyInto(from: Tensor, target: Tensor): Tensor {
  if (from.size !== target.size) {
    throw new ShapeError(`copyInto: ${formatShape(from.shape)} does not fit ${formatShape(target.shape)}`);
  }
  const { device } = from;
  launchCopy({ device, run: (spec) => device.run('copy', spec) }, from, target);
  return target;
}
