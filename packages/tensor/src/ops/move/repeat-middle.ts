// expand: repeats [outer, inner] along a new middle axis, times a number; the gradient of sum and mean.
import { sizeOf, type Shape } from '../../core/shape.ts';
import { bytesPerElement } from '../../dtype/dtype.ts';
import { window } from '../../kernel/kernel.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import { rowWindows } from '../../kernel/windows.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

interface ExpandAttrs {
  outer: number;
  n: number;
  inner: number;
  /** Result shape of outer · n · inner elements. */
  shape: Shape;
  scale: number;
}

const definition: OpDefinition<ExpandAttrs, readonly [Tensor]> = {
  name: 'expand',
  infer: ([x], { shape }) => [{ shape, dtype: x.dtype }],
  launch({ device, run }, [x], [out], { n, inner, scale }) {
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
  reference([x], { n, inner, shape, scale }) {
    const data = new Float64Array(sizeOf(shape));
    for (let i = 0; i < data.length; i++)
      data[i] = x.data[Math.floor(i / (n * inner)) * inner + (i % inner)] * scale;
    return [{ shape, data }];
  },
  samples: [
    {
      inputs: [{ shape: [3, 2] }],
      attrs: { outer: 3, n: 4, inner: 2, shape: [3, 4, 2], scale: 0.25 },
      checkGrad: [],
    },
    { inputs: [{ shape: [] }], attrs: { outer: 1, n: 7, inner: 1, shape: [7], scale: 1 }, checkGrad: [] },
    {
      inputs: [{ shape: [1, 67] }],
      attrs: { outer: 1, n: 3, inner: 67, shape: [1, 3, 67], scale: 2 },
      checkGrad: [],
    },
    {
      inputs: [{ shape: [0, 2] }],
      attrs: { outer: 0, n: 3, inner: 2, shape: [0, 3, 2], scale: 2 },
      checkGrad: [],
    },
  ],
};

/** Repeats each of [outer, inner] `n` times along a middle axis, times `scale`. */
export const expand = defineOp(
  definition,
  (apply) =>
    (x: Tensor, attrs: ExpandAttrs): Tensor =>
      apply([x], attrs)[0],
);
