// cast: the same values in another dtype; copyInto: the same values in memory that exists already.
import { ShapeError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import type { DType } from '../../dtype/dtype.ts';
import { isFloat } from '../../dtype/dtype.ts';
import { registerType, runPointwise } from '../../kernel/pointwise.ts';
import { defineOp, type LaunchContext, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

function launchCopy(context: LaunchContext, x: Tensor, out: Tensor): void {
  const pair = `${x.dtype} ${out.dtype}`;
  const name = x.dtype === out.dtype ? 'copy' : `cast ${pair}`;
  // The target may have another shape of the same size.
  const read = {
    x: { storage: x.storage, byteOffset: x.byteOffset, dtype: x.dtype, size: x.size, shape: out.shape },
  };
  runPointwise(context, { name, read, out, value: `${registerType(out.dtype)}(x)` });
}

const definition: OpDefinition<{ dtype: DType }, readonly [Tensor]> = {
  name: 'cast',
  inputs: ['x'],
  infer: ([x], { dtype }) => [{ shape: x.shape, dtype }],
  launch: (context, [x], [out]) => launchCopy(context, x, out),
  vjp: ({ inputs: [x], grad }) => [isFloat(x.dtype) ? cast(grad, x.dtype) : undefined],
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
