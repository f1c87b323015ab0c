// Where each output sample of a bicubic resize comes from, and with which weights, as Pillow computes them.

// The cubic reaches two input pixels either way before it is widened for shrinking.
const support = 2;

/** Keys' cubic convolution kernel with a = −0.5. */
function cubic(distance: number): number {
  const a = -0.5;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/** A line of output samples; only `length` of them after the first `skip` are wanted. */
export interface Span {
  skip: number;
  length: number;
}

/** For each output position: the first input position, how many follow, and their weights, which sum to 1. */
export interface Taps {
  first: Int32Array;
  count: Int32Array;
  /** `reach` weights per output position, of which `count` are used. */
  weights: Float64Array;
  reach: number;
}

/** The weights for resizing a line of `from` samples to `to`. */
export function bicubicTaps(from: number, to: number, { skip, length }: Span): Taps {
  const scale = from / to;
  const widening = Math.max(scale, 1);
  const radius = support * widening;
  const reach = Math.ceil(radius) * 2 + 1;
  const first = new Int32Array(length);
  const count = new Int32Array(length);
  const weights = new Float64Array(length * reach);
  for (let i = 0; i < length; i++) {
    const centre = (skip + i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(centre - radius + 0.5));
    const high = Math.min(from, Math.trunc(centre + radius + 0.5));
    let sum = 0;
    for (let k = 0; k < high - low; k++) {
      // the order of these operations is Pillow's: a last bit decides roundings
      const weight = cubic((k + low - centre + 0.5) * (1 / widening));
      weights[i * reach + k] = weight;
      sum += weight;
    }
    if (sum !== 0) for (let k = 0; k < high - low; k++) weights[i * reach + k] /= sum;
    first[i] = low;
    count[i] = high - low;
  }
  return { first, count, weights, reach };
}
