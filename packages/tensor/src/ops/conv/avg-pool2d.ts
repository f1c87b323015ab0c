// avgPool2d: means of square tiles of images whose channels lie last; sums in f32.
//
// Legend: B images, H × W pixels, C channels, s × s pixels a tile, h × w tiles.
import { ShapeError } from '../../core/errors.ts';
import { formatShape, type Shape } from '../../core/shape.ts';
import { window } from '../../kernel/kernel.ts';
import { rowBytes, rowWindows } from '../../kernel/windows.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { assertFloat } from '../../arguments.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

interface PoolSizes {
  B: number;
  H: number;
  W: number;
  C: number;
  h: number;
  w: number;
}

export function sizesOf({ shape }: { shape: Shape }, s: number): PoolSizes {
  const [B, H, W, C] = shape;
  if (shape.length !== 4 || !Number.isInteger(s) || s < 1 || H < s || W < s) {
    throw new ShapeError(
      `avgPool2d: ${formatShape(shape)} is no [B, H, W, C] with tiles of ${s} × ${s} pixels`,
    );
  }
  return { B, H, W, C, h: Math.floor(H / s), w: Math.floor(W / s) };
}

const definition: OpDefinition<{ size: number }, readonly [Tensor]> = {
  name: 'avgPool2d',
  inputs: ['x'],
  infer([x], { size }) {
    assertFloat('avgPool2d', 'x', x);
    const { B, C, h, w } = sizesOf(x, size);
    return [{ shape: [B, h, w, C], dtype: x.dtype }];
  },
  launch({ device, run }, [x], [out], { size: s }) {
    const { B, H, W, C, h, w } = sizesOf(x, s);
    const vec = C % 4 === 0 ? 4 : 1;
    const channels = C / vec;
    for (const [first, count] of rowWindows(device.bindingLimit, B, [rowBytes(x, B), rowBytes(out, B)])) {
      run({
        read: { x: window(x, first * H * W * C, count * H * W * C, vec) },
        write: { out: window(out, first * h * w * C, count * h * w * C, vec) },
        threads: count * h * w * channels,
        flops: count * h * w * C * s * s,
        code: wgsl`
alias V = ${vec === 4 ? 'vec4f' : 'f32'};
fn thread(i: u32) {
  let tile = i / ${channels}u;
  let row = tile / ${h * w}u * ${H}u + (tile / ${w}u) % ${h}u * ${s}u;
  let at = (row * ${W}u + tile % ${w}u * ${s}u) * ${channels}u + i % ${channels}u;
  var total = V();
  for (var y = 0u; y < ${s}u; y++) {
    for (var column = 0u; column < ${s}u; column++) { total += V(x[at + (y * ${W}u + column) * ${channels}u]); }
  }
  out[i] = out_t(total / ${s * s}.0f);
}`,
      });
    }
  },
};

/**
 * Means of the tiles of `size` × `size` pixels, side by side from the top left: [B, H, W, C] → [B, ⌊H/size⌋, ⌊W/size⌋, C].
 * Pixels beyond the last whole tile count nowhere. Not differentiable.
 * @throws ShapeError when the image is smaller than a tile
 */
export const avgPool2d = defineOp(
  definition,
  (apply) =>
    (x: Tensor, { size }: { size: number }): Tensor =>
      apply([x], { size })[0],
);
