// maxPool2d, avgPool2d and their adaptive forms: maxima and means of windows of images, channels last.
//
// Legend: B images, H × W pixels, h × w windows, C channels.
import { assertFloat, assertOptions } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape, type Shape } from '../../core/shape.ts';
import { defineOp, type Apply, type Op, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { inLayout, type ImageLayout } from './image-layout.ts';
import { launchPool, poolGradient, type Pool } from './pool-kernels.ts';
import { imageSizes, pairOf, windowAxes, type Padding, type Pair } from './window.ts';

export interface WindowPoolAttrs {
  kernelSize: Pair;
  stride?: Pair;
  padding: Padding;
  dilation: Pair;
  ceilMode: boolean;
  countIncludePad: boolean;
}

export interface AdaptivePoolAttrs {
  size: Pair;
}

export type PoolAttrs = (WindowPoolAttrs | AdaptivePoolAttrs) & {
  /** The indices are wanted although no gradient is. */
  indices?: boolean;
};

export function poolOf(op: string, kind: 'avg' | 'max', x: { shape: Shape }, attrs: PoolAttrs): Pool {
  const [, H, W] = imageSizes(op, x);
  if ('size' in attrs) {
    const [h, w] = pairOf(op, 'size', attrs.size, 1);
    if (H < 1 || W < 1) throw new ShapeError(`${op}: x ${formatShape(x.shape)} has no pixels`);
    const axes = [
      { n: H, out: h },
      { n: W, out: w },
    ] as const;
    return { kind, axes, countIncludePad: true };
  }
  const kernel = pairOf(op, 'kernelSize', attrs.kernelSize, 1);
  const axes = windowAxes(op, [H, W], { ...attrs, kernel, stride: attrs.stride ?? kernel });
  return { kind, axes, countIncludePad: attrs.countIncludePad };
}

function poolDefinition(name: string, kind: 'avg' | 'max'): OpDefinition<PoolAttrs, readonly [Tensor]> {
  return {
    name,
    inputs: ['x'],
    infer([x], attrs, needs) {
      assertFloat(name, 'x', x);
      const { axes } = poolOf(name, kind, x, attrs);
      const shape = [x.dim(0), axes[0].out, axes[1].out, x.dim(3)];
      const y = { shape, dtype: x.dtype };
      return kind === 'max' && (needs[0] || attrs.indices) ? [y, { shape, dtype: 'u32' }] : [y];
    },
    launch(context, [x], [out, indices], attrs) {
      launchPool(context, poolOf(name, kind, x, attrs), x, { out, indices });
    },
    vjp: ({ inputs: [x], outputs: [, indices], attrs, grad }) => [
      poolGradient(grad, indices, { pool: poolOf(name, kind, x, attrs), shape: x.shape }),
    ],
  };
}

export interface PoolOptions {
  /** Pixels of a window along each axis. */
  kernelSize: Pair;
  /** Pixels from one window to the next; default the window's size. */
  stride?: Pair;
  /** Default 0. */
  padding?: Padding;
  /** Pixels from one pixel of a window to the next; default 1. */
  dilation?: Pair;
  /** Also windows that end beyond the padded image; default false. */
  ceilMode?: boolean;
  /** 'nhwc' (default), or PyTorch's 'nchw', which costs a copy of images and result. */
  layout?: ImageLayout;
}

export interface AvgPoolOptions extends PoolOptions {
  /** Zeros of the padding count in the mean; default true. */
  countIncludePad?: boolean;
}

/** Fills in the defaults and runs a pool in the layout of its images. */
function runPool(
  op: string,
  apply: Apply<PoolAttrs, readonly [Tensor]>,
  x: Tensor,
  options: AvgPoolOptions,
  indices = false,
): Tensor[] {
  const known = ['kernelSize', 'stride', 'padding', 'dilation', 'ceilMode', 'layout'];
  assertOptions(op, options, op === 'avgPool2d' ? [...known, 'countIncludePad'] : known);
  const { kernelSize, stride, padding = 0, dilation = 1, ceilMode = false } = options;
  const { countIncludePad = true, layout = 'nhwc' } = options;
  const attrs = { kernelSize, stride, padding, dilation, ceilMode, countIncludePad, indices };
  return inLayout(op, layout, x, (images) => apply([images], attrs).slice(0, indices ? 2 : 1));
}

/**
 * Maxima of windows: [B, H, W, C] → [B, h, w, C], h = ⌊(H + padding − dilation·(k − 1) − 1) / stride⌋ + 1. Padding counts
 * as −∞; a NaN makes the maximum NaN. The gradient goes to the first maximum of a window, row by row.
 * @throws ShapeError where a window is larger than the padded image
 * @example
 * maxPool2d(x, { kernelSize: 3, stride: 2, padding: 1 }); // [B, 112, 112, 64] → [B, 56, 56, 64]
 */
export const maxPool2d = defineOp(
  poolDefinition('maxPool2d', 'max'),
  (apply) =>
    (x: Tensor, options: PoolOptions): Tensor =>
      runPool('maxPool2d', apply, x, options)[0],
);

/**
 * {@link maxPool2d}, and beside it the pixel y·W + x that each maximum is from (u32), of the same shape.
 * @example
 * const [y, indices] = maxPool2dWithIndices(x, { kernelSize: 2 });
 */
export const maxPool2dWithIndices = defineOp(
  poolDefinition('maxPool2dWithIndices', 'max'),
  (apply) =>
    (x: Tensor, options: PoolOptions): [values: Tensor, indices: Tensor] => {
      const [values, indices] = runPool('maxPool2dWithIndices', apply, x, options, true);
      return [values, indices];
    },
);

/**
 * Means of windows: [B, H, W, C] → [B, h, w, C], sizes as {@link maxPool2d}; sums in f32.
 * @throws ShapeError where a window is larger than the padded image
 * @example
 * avgPool2d(x, { kernelSize: 2 }); // [B, H, W, C] → [B, ⌊H/2⌋, ⌊W/2⌋, C]
 */
export const avgPool2d = defineOp(
  poolDefinition('avgPool2d', 'avg'),
  (apply) =>
    (x: Tensor, options: AvgPoolOptions): Tensor =>
      runPool('avgPool2d', apply, x, options)[0],
);

type AdaptivePool = (x: Tensor, size: Pair, options?: { layout?: ImageLayout }) => Tensor;

const defineAdaptive = (op: string, kind: 'avg' | 'max'): Op<AdaptivePool> =>
  defineOp(poolDefinition(op, kind), (apply) => (x: Tensor, size: Pair, options = {}): Tensor => {
    assertOptions(op, options, ['layout']);
    return inLayout(op, options.layout ?? 'nhwc', x, (images) => apply([images], { size }).slice(0, 1))[0];
  });

/**
 * Means of `size` windows, [rows, columns] or one number, whatever the image's size: window o covers the pixels
 * ⌊o·H/h⌋ … ⌈(o + 1)·H/h⌉ − 1. [B, H, W, C] → [B, h, w, C]; with size 1 it is the global average pool.
 * @example
 * adaptiveAvgPool2d(x, 1).reshape([B, C]); // global average
 */
export const adaptiveAvgPool2d = defineAdaptive('adaptiveAvgPool2d', 'avg');

/** Maxima of `size` windows, as {@link adaptiveAvgPool2d}; with size 1 it is the global maximum. */
export const adaptiveMaxPool2d = defineAdaptive('adaptiveMaxPool2d', 'max');
