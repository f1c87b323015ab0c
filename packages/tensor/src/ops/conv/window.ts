// How a window walks over images: sizes, strides, padding and dilation, for convolution and pooling alike.
//
// Legend: an axis has n pixels; windows of `taps` pixels, `dilation` apart, begin every `stride` pixels; `before` and
// `after` are the pixels of padding on either side; `out` is the number of windows.
import { assertChoice, assertNumber, show } from '../../arguments.ts';
import { ShapeError, TensorError } from '../../core/errors.ts';
import { formatShape, type Shape } from '../../core/shape.ts';

/** One number for both axes, or [rows, columns]. */
export type Pair = number | readonly [number, number];

/**
 * Pixels added around the image: one number for all sides, [rows, columns], or [[top, bottom], [left, right]]. 'valid' adds
 * none; 'same' adds as many as give ⌈n / stride⌉ windows, the odd one at the end.
 */
export type Padding =
  | Pair
  | 'same'
  | 'valid'
  | readonly [readonly [number, number], readonly [number, number]];

export interface WindowAxis {
  n: number;
  out: number;
  taps: number;
  stride: number;
  dilation: number;
  before: number;
  after: number;
}

/** A pair of whole numbers of at least `min`. */
export function pairOf(op: string, argument: string, value: Pair, min: number): [number, number] {
  const pair: readonly unknown[] = Array.isArray(value) ? value : [value, value];
  if (pair.length !== 2)
    throw new TensorError(`${op}: ${argument} is ${show(value)}, but a number or [rows, columns] is wanted`);
  const [rows, columns] = pair;
  assertNumber(op, argument, rows, { integer: true, min });
  assertNumber(op, argument, columns, { integer: true, min });
  return [rows, columns];
}

export interface WindowOptions {
  kernel: readonly [number, number];
  stride: Pair;
  padding: Padding;
  dilation: Pair;
  /** Also windows that begin inside the image, or its padding before, and end beyond it. */
  ceilMode?: boolean;
}

/** Pixels before and after along one axis; `same` is what 'same' adds to both together. */
export function paddingOf(
  op: string,
  padding: Padding,
  axis: number,
  same: number,
): [before: number, after: number] {
  if (typeof padding === 'string') {
    assertChoice(op, 'padding', padding, ['same', 'valid']);
    return padding === 'valid' ? [0, 0] : [Math.floor(same / 2), Math.ceil(same / 2)];
  }
  const side: unknown = Array.isArray(padding) ? padding[axis] : padding;
  if (Array.isArray(padding) && padding.length !== 2)
    throw new TensorError(
      `${op}: padding is ${show(padding)}, but a number, [rows, columns] or [[top, bottom], [left, right]] is wanted`,
    );
  return pairOf(op, 'padding', side as Pair, 0);
}

/**
 * Rows and columns of the windows over images of `size` pixels.
 * @throws ShapeError where a window is larger than the padded image
 */
export function windowAxes(
  op: string,
  size: readonly [number, number],
  { kernel, stride, padding, dilation, ceilMode = false }: WindowOptions,
): [WindowAxis, WindowAxis] {
  const strides = pairOf(op, 'stride', stride, 1);
  const dilations = pairOf(op, 'dilation', dilation, 1);
  const axisOf = (axis: 0 | 1): WindowAxis => {
    const [n, taps, step, d] = [size[axis], kernel[axis], strides[axis], dilations[axis]];
    const extent = d * (taps - 1) + 1;
    const same = Math.max(0, (Math.ceil(n / step) - 1) * step + extent - n);
    const [before, after] = paddingOf(op, padding, axis, same);
    const room = n + before + after - extent;
    let out = (ceilMode ? Math.ceil(room / step) : Math.floor(room / step)) + 1;
    if (ceilMode && (out - 1) * step >= n + before) out--;
    if (room < 0 || out < 1)
      throw new ShapeError(
        `${op}: a window of ${extent} ${axis === 0 ? 'rows' : 'columns'} is larger than the ${n + before + after} of the padded image`,
      );
    return { n, out, taps, stride: step, dilation: d, before, after };
  };
  return [axisOf(0), axisOf(1)];
}

/** [B, H, W, C] of images whose channels lie last. */
export function imageSizes(
  op: string,
  { shape }: { shape: Shape },
): [B: number, H: number, W: number, C: number] {
  if (shape.length !== 4)
    throw new ShapeError(`${op}: x is ${formatShape(shape)}, but [B, H, W, C] is wanted`);
  return [shape[0], shape[1], shape[2], shape[3]];
}
