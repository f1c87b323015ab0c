// Brings a JPEG component's rows to the picture's width and height, as libjpeg's "fancy" upsampling does.
import type { Component, Frame } from './frame.ts';

/** Writes row `y` of the picture, for one component, into `row`. */
export type RowUpsampler = (y: number, row: Uint8Array) => void;

/**
 * Chooses how a component is upsampled. Ratios of 2 use libjpeg's triangle filter: a sample is 3/4 of the nearest
 * stored one and 1/4 of the next, with libjpeg's alternating rounding (jdsample), so that pixels equal Pillow's; other
 * ratios repeat samples.
 */
export function rowUpsampler(component: Component, { maxH, maxV, width }: Frame): RowUpsampler {
  const across = maxH / component.h;
  const down = maxV / component.v;
  const { plane, height } = component;
  const stride = component.blockStride * 8;
  const stored = (y: number): number => Math.min(Math.max(y, 0), height - 1) * stride;
  // libjpeg leaves pictures of up to two stored columns unfiltered, except where only rows are doubled
  const smooth = component.width > 2;

  if (across === 1 && down === 1) return (y, row) => row.set(plane.subarray(y * stride, y * stride + width));

  if (across === 1 && down === 2) {
    return (y, row) => {
      const near = stored(y >> 1);
      const next = stored((y >> 1) + (y & 1 ? 1 : -1));
      const bias = y & 1 ? 2 : 1;
      for (let x = 0; x < width; x++) row[x] = (3 * plane[near + x] + plane[next + x] + bias) >> 2;
    };
  }

  if (across === 2 && smooth && (down === 1 || down === 2)) {
    // sums of rows weigh 4 when two rows are mixed, and so do the bias and the shift
    const [even, odd, shift] = down === 1 ? [1, 2, 2] : [8, 7, 4];
    const sums = new Int32Array(component.width);
    const last = component.width - 1;
    return (y, row) => {
      if (down === 1) {
        const near = stored(y);
        for (let i = 0; i <= last; i++) sums[i] = plane[near + i];
      } else {
        const near = stored(y >> 1);
        const next = stored((y >> 1) + (y & 1 ? 1 : -1));
        for (let i = 0; i <= last; i++) sums[i] = 3 * plane[near + i] + plane[next + i];
      }
      for (let i = 0; i <= last; i++) {
        // beyond the edge stands the outermost sample again
        const sum = 3 * sums[i];
        row[2 * i] = (sum + sums[i === 0 ? 0 : i - 1] + even) >> shift;
        if (2 * i + 1 < width) row[2 * i + 1] = (sum + sums[i === last ? last : i + 1] + odd) >> shift;
      }
    };
  }

  return (y, row) => {
    const from = Math.floor(y / down) * stride;
    for (let x = 0; x < width; x++) row[x] = plane[from + Math.floor(x / across)];
  };
}
