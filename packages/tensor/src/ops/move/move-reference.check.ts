// The reference of every op that only moves elements: each entry of the result is one entry of the source, or a constant.
import type { RefArray } from '../../check.ts';
import { sizeOf, stridesOf, type Shape } from '../../core/shape.ts';

/** Coordinates of every place of `shape`, row-major. */
export function places(shape: Shape): number[][] {
  const strides = stridesOf(shape);
  return Array.from({ length: sizeOf(shape) }, (_, i) => shape.map((n, k) => Math.floor(i / strides[k]) % n));
}

/** `x` read at `from(place)` for every place of `shape`; `outside` where that is undefined. */
export function moved(
  x: RefArray,
  shape: Shape,
  from: (at: number[]) => number[] | undefined,
  outside = 0,
): RefArray {
  const strides = stridesOf(x.shape);
  const data = Float64Array.from(places(shape), (at) => {
    const source = from(at);
    return source ? x.data[source.reduce((sum, c, k) => sum + c * strides[k], 0)] : outside;
  });
  return { shape, data };
}
