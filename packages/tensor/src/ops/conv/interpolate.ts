// interpolate: images or sequences at another size, axis by axis, with PyTorch's rule of which places belong together.
//
// Legend: an axis of n entries becomes one of `out`; s is the place in x that an entry of the result looks at.
import { assertChoice, assertFloat, assertNumber, assertOptions } from '../../arguments.ts';
import { ShapeError, TensorError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import { defineOp, type CompositeDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { resample, type ResampleTable } from './resample.ts';

export type InterpolateMode = 'nearest' | 'nearestExact' | 'linear' | 'bilinear' | 'bicubic';

export interface InterpolateOptions {
  /** Size of the result along each axis between batch and channels; one number for all. This or `scale`. */
  size?: number | readonly number[];
  /** What the sizes are multiplied by, rounded down; one number for all axes. */
  scale?: number | readonly number[];
  /** Default 'nearest'. 'linear' and 'bilinear' are one for sequences, the other for images. */
  mode?: InterpolateMode;
  /** The first and last entries of x and result lie on each other, instead of their outer edges; not for 'nearest'. */
  alignCorners?: boolean;
  /** Where the channels lie: last ('nhwc', the default), or first as in PyTorch ('nchw'). Both cost the same. */
  layout?: 'nhwc' | 'nchw';
}

/** Keys' cubic kernel with PyTorch's a = −0.75, at distance d ≥ 0 (Keys 1981, §II). */
function cubic(d: number): number {
  const a = -0.75;
  if (d >= 2) return 0;
  return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
}

/** `step` is how far apart in x two neighbours of the result lie, in f32 as PyTorch has it: it decides on ties. */
export function tableOf(
  { n, out, step }: { n: number; out: number; step: number },
  mode: InterpolateMode,
  alignCorners: boolean,
): ResampleTable {
  const inside = (place: number): number => Math.min(Math.max(place, 0), n - 1);
  const by = Math.fround(step);
  const rows = Array.from({ length: out }, (_, o) => {
    if (mode === 'nearest') return [{ place: inside(Math.floor(Math.fround(o * by))), weight: 1 }];
    if (mode === 'nearestExact')
      return [{ place: inside(Math.floor(Math.fround((o + 0.5) * by))), weight: 1 }];
    const s = alignCorners ? Math.fround(o * by) : Math.fround(Math.fround(by * (o + 0.5)) - 0.5);
    if (mode === 'bicubic') {
      const first = Math.floor(s) - 1;
      return [0, 1, 2, 3].map((k) => ({ place: inside(first + k), weight: cubic(Math.abs(s - first - k)) }));
    }
    const from = Math.max(s, 0);
    const low = Math.min(Math.floor(from), n - 1);
    return [
      { place: low, weight: 1 - (from - low) },
      { place: inside(low + 1), weight: from - low },
    ];
  });
  return { n, rows };
}

/** Sizes of the result and steps in x, by axis. */
export function interpolateSizes(
  shape: readonly number[],
  { size, scale, alignCorners = false, layout = 'nhwc' }: InterpolateOptions,
): { axis: number; n: number; out: number; step: number }[] {
  const axes = shape.slice(2).map((_, i) => i + (layout === 'nhwc' ? 1 : 2));
  const given = size ?? scale;
  if ((size === undefined) === (scale === undefined) || given === undefined)
    throw new TensorError('interpolate: either size or scale is wanted');
  const list: readonly unknown[] = Array.isArray(given) ? given : axes.map(() => given);
  if (list.length !== axes.length)
    throw new ShapeError(
      `interpolate: ${list.length} ${size === undefined ? 'scales' : 'sizes'} for the ${axes.length} axes of x ${formatShape(shape)}`,
    );
  return axes.map((axis, i) => {
    const [n, value] = [shape[axis], list[i]];
    if (size === undefined) assertNumber('interpolate', 'scale', value, { min: Number.MIN_VALUE });
    else assertNumber('interpolate', 'size', value, { integer: true, min: 1 });
    const out = size === undefined ? Math.floor(n * value) : value;
    if (n < 1 || out < 1)
      throw new ShapeError(`interpolate: x ${formatShape(shape)} has nothing to make ${out} entries of`);
    const corners = out > 1 ? (n - 1) / (out - 1) : 0;
    return { axis, n, out, step: alignCorners ? corners : size === undefined ? 1 / value : n / out };
  });
}

const definition: CompositeDefinition<InterpolateOptions, readonly [Tensor]> = {
  name: 'interpolate',
  inputs: ['x'],
  compose([x], options) {
    const { mode = 'nearest', alignCorners = false } = options;
    assertFloat('interpolate', 'x', x);
    assertChoice('interpolate', 'mode', mode, ['nearest', 'nearestExact', 'linear', 'bilinear', 'bicubic']);
    assertChoice('interpolate', 'layout', options.layout ?? 'nhwc', ['nhwc', 'nchw']);
    const wanted = mode === 'linear' ? [3] : mode === 'bilinear' || mode === 'bicubic' ? [4] : [3, 4];
    if (!wanted.includes(x.rank))
      throw new ShapeError(
        `interpolate: x is ${formatShape(x.shape)}, but mode '${mode}' is for ${wanted.join(' or ')} axes`,
      );
    if (alignCorners && mode.startsWith('nearest'))
      throw new TensorError(`interpolate: alignCorners is not for mode '${mode}'`);
    return [
      interpolateSizes(x.shape, options).reduce(
        (y, { axis, ...sizes }) => resample(y, { axis, table: tableOf(sizes, mode, alignCorners) }),
        x,
      ),
    ];
  },
};

/**
 * Images [B, H, W, C] or sequences [B, T, C] at another size, with PyTorch's `F.interpolate` as rule (without antialiasing).
 * @throws ShapeError when sizes or mode do not fit x
 * @example
 * interpolate(x, { scale: 2, mode: 'bilinear' }); // [B, H, W, C] → [B, 2·H, 2·W, C]
 */
export const interpolate = defineOp(
  definition,
  (apply) =>
    (x: Tensor, options: InterpolateOptions): Tensor => {
      assertOptions('interpolate', options, ['size', 'scale', 'mode', 'alignCorners', 'layout']);
      return apply([x], options)[0];
    },
);
