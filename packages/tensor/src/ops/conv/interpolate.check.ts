// Checks of interpolate, pixelShuffle and pixelUnshuffle: the formulas in float64 and the samples that tests are made from.
import type { OpCheck, RefArray } from '../../check.ts';
import { sizeOf, stridesOf } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';
import { interpolateSizes, type InterpolateOptions } from './interpolate.ts';

/** How much entry i of x counts at the place s, when x goes on beyond its ends with what lies there. */
const kernels: Record<string, (d: number) => number> = {
  linear: (d) => Math.max(0, 1 - d),
  // Catmull–Rom's family with a = −0.75, as two polynomials of the distance.
  bicubic: (d) =>
    d < 1 ? 1.25 * d ** 3 - 2.25 * d ** 2 + 1 : d < 2 ? -0.75 * d ** 3 + 3.75 * d ** 2 - 6 * d + 3 : 0,
};

function alongAxis(
  x: RefArray,
  { axis, n, out, step }: { axis: number; n: number; out: number; step: number },
  { mode = 'nearest', alignCorners = false }: InterpolateOptions,
): RefArray {
  const inner = stridesOf(x.shape)[axis];
  const shape = x.shape.map((size, i) => (i === axis ? out : size));
  const data = new Float64Array(sizeOf(shape));
  const kernel = kernels[mode === 'bilinear' ? 'linear' : mode];
  for (let i = 0; i < data.length; i++) {
    const o = Math.floor(i / inner) % out;
    const at = (place: number): number =>
      x.data[(Math.floor(i / (inner * out)) * n + Math.min(Math.max(place, 0), n - 1)) * inner + (i % inner)];
    if (!kernel) {
      data[i] = at(Math.floor((mode === 'nearest' ? o : o + 0.5) * step));
      continue;
    }
    const s = alignCorners ? o * step : (o + 0.5) * step - 0.5;
    for (let place = Math.floor(s) - 2; place <= s + 3; place++)
      data[i] += kernel(Math.abs(s - place)) * at(place);
  }
  return { shape, data };
}

export const interpolateCheck: OpCheck<InterpolateOptions, readonly [Tensor]> = {
  reference: ([x], options) => [
    interpolateSizes(x.shape, options).reduce((y, sizes) => alongAxis(y, sizes, options), x),
  ],
  samples: [
    { inputs: [{ shape: [2, 5, 7, 4] }], attrs: { size: [9, 4], mode: 'bilinear' } },
    {
      inputs: [{ shape: [1, 3, 5, 7] }],
      attrs: { scale: [2, 0.6], mode: 'bicubic', layout: 'nchw' },
    },
    { inputs: [{ shape: [1, 5, 4, 3] }], attrs: { size: [8, 7], mode: 'bicubic', alignCorners: true } },
    { inputs: [{ shape: [2, 9, 3] }], attrs: { size: 4, mode: 'linear', alignCorners: true } },
    { inputs: [{ shape: [1, 4, 3, 2] }], attrs: { scale: 1.6 } },
    { inputs: [{ shape: [1, 5, 3, 2] }], attrs: { size: [3, 8], mode: 'nearestExact' } },
    { inputs: [{ shape: [1, 1, 1, 1] }], attrs: { size: 3, mode: 'bilinear' } },
    { inputs: [{ shape: [0, 2, 2, 3] }], attrs: { size: 3 } },
  ],
};

interface ShuffleAttrs {
  factor: number;
  layout: 'nhwc' | 'nchw';
}

/** Calls `each` with the places of the same value in [B, H, W, C·r²] and in [B, H·r, W·r, C]. */
function eachPixel(
  [B, H, W, C]: readonly number[],
  { factor: r, layout }: ShuffleAttrs,
  each: (deep: number, wide: number) => void,
): void {
  const at = (b: number, y: number, x: number, c: number, [h, w, k]: readonly number[]): number =>
    layout === 'nhwc' ? ((b * h + y) * w + x) * k + c : ((b * k + c) * h + y) * w + x;
  for (let b = 0; b < B; b++)
    for (let y = 0; y < H * r; y++)
      for (let x = 0; x < W * r; x++)
        for (let c = 0; c < C; c++) {
          const channel = c * r * r + (y % r) * r + (x % r);
          const deep = at(b, Math.floor(y / r), Math.floor(x / r), channel, [H, W, C * r * r]);
          each(deep, at(b, y, x, c, [H * r, W * r, C]));
        }
}

const inLayout = ([B, H, W, C]: readonly number[], layout: ShuffleAttrs['layout']): number[] =>
  layout === 'nhwc' ? [B, H, W, C] : [B, C, H, W];
const sizesOf = (shape: readonly number[], layout: ShuffleAttrs['layout']): number[] =>
  layout === 'nhwc' ? [...shape] : [shape[0], shape[2], shape[3], shape[1]];

export const pixelShuffleCheck: OpCheck<ShuffleAttrs, readonly [Tensor]> = {
  reference([x], attrs) {
    const { factor: r, layout } = attrs;
    const [B, H, W, C] = sizesOf(x.shape, layout);
    const data = new Float64Array(x.data.length);
    eachPixel([B, H, W, C / r ** 2], attrs, (deep, wide) => (data[wide] = x.data[deep]));
    return [{ shape: inLayout([B, H * r, W * r, C / r ** 2], layout), data }];
  },
  samples: [
    { inputs: [{ shape: [2, 3, 5, 12] }], attrs: { factor: 2, layout: 'nhwc' } },
    { inputs: [{ shape: [1, 9, 2, 3] }], attrs: { factor: 3, layout: 'nchw' } },
    { inputs: [{ shape: [1, 1, 1, 1] }], attrs: { factor: 1, layout: 'nhwc' } },
    { inputs: [{ shape: [0, 2, 2, 4] }], attrs: { factor: 2, layout: 'nhwc' } },
  ],
};

export const pixelUnshuffleCheck: OpCheck<ShuffleAttrs, readonly [Tensor]> = {
  reference([x], attrs) {
    const { factor: r, layout } = attrs;
    const [B, H, W, C] = sizesOf(x.shape, layout);
    const data = new Float64Array(x.data.length);
    eachPixel([B, H / r, W / r, C], attrs, (deep, wide) => (data[deep] = x.data[wide]));
    return [{ shape: inLayout([B, H / r, W / r, C * r * r], layout), data }];
  },
  samples: [
    { inputs: [{ shape: [2, 6, 10, 3] }], attrs: { factor: 2, layout: 'nhwc' } },
    { inputs: [{ shape: [1, 2, 3, 9] }], attrs: { factor: 3, layout: 'nchw' } },
    { inputs: [{ shape: [1, 1, 1, 1] }], attrs: { factor: 1, layout: 'nhwc' } },
    { inputs: [{ shape: [0, 2, 2, 4] }], attrs: { factor: 2, layout: 'nhwc' } },
  ],
};
