// conv2d: y = f(x ∗ W + b), a 2-D convolution of images whose channels lie last, as one matrix product: row m of A is
// the neighbourhood of output pixel m, gathered while it is multiplied and never stored.
//
// Legend: B images, H × W pixels, I channels in, O channels out, k × k kernel, h × w pixels of the result.
import { ShapeError } from '../../core/errors.ts';
import { formatShape, type Shape } from '../../core/shape.ts';
import { rowBytes, rowWindows } from '../../kernel/windows.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { assertFloat, assertSizes } from '../../arguments.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { type Activation } from '../unary/activations.ts';
import { launchPiece, wholePiece } from '../product/gemm.ts';

export interface Conv2dAttrs {
  stride: number;
  padding: number;
  activation?: Activation;
}

interface Conv2dSizes {
  B: number;
  H: number;
  W: number;
  I: number;
  O: number;
  k: number;
  h: number;
  w: number;
}

export function sizesOf(
  x: { shape: Shape },
  weight: { shape: Shape },
  { stride, padding }: Conv2dAttrs,
): Conv2dSizes {
  const [B, H, W, I] = x.shape;
  const [k, kx, inputs, O] = weight.shape;
  const whole = Number.isInteger(stride) && stride > 0 && Number.isInteger(padding) && padding >= 0;
  if (x.shape.length !== 4 || weight.shape.length !== 4 || k !== kx || inputs !== I || k < 1 || !whole) {
    throw new ShapeError(
      `conv2d: x ${formatShape(x.shape)} and weight ${formatShape(weight.shape)} are no [B, H, W, I] and [k, k, I, O] ` +
        `with stride ${stride} and padding ${padding}`,
    );
  }
  const across = (n: number): number => Math.floor((n + 2 * padding - k) / stride) + 1;
  if (across(H) < 1 || across(W) < 1) {
    throw new ShapeError(
      `conv2d: the ${k} × ${k} kernel is larger than the image ${formatShape(x.shape)} with padding ${padding}`,
    );
  }
  return { B, H, W, I, O, k, h: across(H), w: across(W) };
}

const definition: OpDefinition<Conv2dAttrs, readonly [Tensor, Tensor, Tensor | undefined]> = {
  name: 'conv2d',
  inputs: ['x', 'weight', 'bias'],
  infer([x, weight, bias], attrs) {
    assertFloat('conv2d', 'x', x);
    assertFloat('conv2d', 'weight', weight);
    const { B, h, w, O } = sizesOf(x, weight, attrs);
    if (bias) assertSizes('conv2d', `bias ${formatShape(bias.shape)}`, bias.size, O);
    return [{ shape: [B, h, w, O], dtype: x.dtype }];
  },
  launch(context, [x, weight, bias], [out], attrs) {
    if (out.size === 0) return;
    const { stride, padding, activation } = attrs;
    const { B, H, W, I, O, k, h, w } = sizesOf(x, weight, attrs);
    const code = wgsl`
fn runAt(m: u32, run: u32) -> u32 {
  let y = (m / ${w}u) % ${h}u * ${stride}u + run / ${k}u;
  let x = m % ${w}u * ${stride}u + run % ${k}u;
  if (y < ${padding}u || y >= ${H + padding}u || x < ${padding}u || x >= ${W + padding}u) { return ZEROS; }
  return ((m / ${h * w}u * ${H}u + y - ${padding}u) * ${W}u + x - ${padding}u) * ${I}u;
}`;
    const shared = { name: 'conv2d', a: x, b: weight, out, N: O, K: k * k * I, bias, activation };
    for (const [first, count] of rowWindows(context.device.bindingLimit, B, [
      rowBytes(x, B),
      rowBytes(out, B),
    ])) {
      launchPiece(context, {
        ...wholePiece({ ...shared, M: count * h * w, gather: { runs: k * k, code } }, 0, 1),
        aWindow: [first * H * W * I, count * H * W * I],
        cWindow: [first * h * w * O, count * h * w * O],
      });
    }
  },
};

export interface Conv2dOptions {
  /** Pixels from one place of the kernel to the next; default 1. */
  stride?: number;
  /** Rows and columns of zeros around the image; default 0. */
  padding?: number;
  activation?: Activation;
}

/**
 * f(x ∗ W + b): images [B, H, W, I] and a weight [k, k, I, O] → [B, h, w, O], h = ⌊(H + 2·padding − k) / stride⌋ + 1.
 * Not differentiable. With k = 1 and stride 1 it is `linear`, which is.
 * @throws ShapeError when sizes do not fit
 */
export const conv2d = defineOp(
  definition,
  (apply) =>
    (
      x: Tensor,
      weight: Tensor,
      bias?: Tensor,
      { stride = 1, padding = 0, activation }: Conv2dOptions = {},
    ): Tensor =>
      apply([x, weight, bias], { stride, padding, activation })[0],
);
