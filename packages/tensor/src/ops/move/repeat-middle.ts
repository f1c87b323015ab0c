// Repeats [outer, inner] along a new middle axis, times a number; the gradient of sum and mean.
import type { Shape } from '../../core/shape.ts';
import { bytesPerElement } from '../../dtype/dtype.ts';
import { window } from '../../kernel/kernel.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import { rowWindows } from '../../kernel/windows.ts';
import { kernelOp } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

export interface RepeatAttrs {
  outer: number;
  n: number;
  inner: number;
  /** Result shape of outer · n · inner elements. */
  shape: Shape;
  scale: number;
}

/** Repeats each of [outer, inner] `n` times along a middle axis, times `scale`. */
export const repeatMiddle = kernelOp(
  'repeatMiddle',
  ([x]: readonly [Tensor], { shape }: RepeatAttrs) => [{ shape, dtype: x.dtype }],
  ({ device, run }, [x], [out], { n, inner, scale }) => {
    for (const [first, count] of rowWindows(device.bindingLimit, out.size, [bytesPerElement[out.dtype]])) {
      run({
        read: { x },
        write: { out: window(out, first, count) },
        consts: { N: n, INNER: inner, FIRST: first },
        threads: count,
        code: wgsl`fn thread(at: u32) {
          let i = FIRST + at;
          out[at] = out_t(f32(x[(i / (N * INNER)) * INNER + i % INNER]) * ${f32Literal(scale)});
        }`,
      });
    }
  },
);
