// The windows of a pool along one axis: of one size and a stride apart, or as many as are wanted (adaptive).
//
// Legend: n pixels, `out` windows; window o covers the pixels first(o), first(o) + dilation, … below end(o).
import { wgsl } from '../../kernel/wgsl.ts';
import type { WindowAxis } from './window.ts';

/** As many windows as are wanted: window o covers ⌊o·n/out⌋ … ⌈(o + 1)·n/out⌉ − 1. */
export interface AdaptiveAxis {
  n: number;
  out: number;
}

export type PoolAxis = WindowAxis | AdaptiveAxis;

/** Pixels from one of a window to the next. */
export const stepOf = (axis: PoolAxis): number => ('taps' in axis ? axis.dilation : 1);

/**
 * WGSL of one axis, all of i32: `{name}First(o)` and `{name}End(o)`, the pixels of window o that lie inside the image;
 * `{name}Count(o)`, how many pixels its mean is over; `{name}Low(p)` and `{name}High(p)`, the first and last window that may
 * cover pixel p; `{name}Covers(o, p)`, whether window o does.
 */
export function poolAxisWgsl(name: string, axis: PoolAxis, countIncludePad: boolean): string {
  const { n, out } = axis;
  if (!('taps' in axis))
    return wgsl`
fn ${name}First(o: i32) -> i32 { return o * ${n} / ${out}; }
fn ${name}End(o: i32) -> i32 { return ((o + 1) * ${n} + ${out - 1}) / ${out}; }
fn ${name}Count(o: i32) -> i32 { return ${name}End(o) - ${name}First(o); }
fn ${name}Low(p: i32) -> i32 { return p * ${out} / ${n}; }
fn ${name}High(p: i32) -> i32 { return ((p + 1) * ${out} + ${n - 1}) / ${n} - 1; }
fn ${name}Covers(o: i32, p: i32) -> bool { return true; }`;
  const { taps, stride, dilation, before, after } = axis;
  const extent = (taps - 1) * dilation;
  return wgsl`
fn ${name}First(o: i32) -> i32 {
  let begin = o * ${stride} - ${before};
  return select(begin, begin + (${dilation - 1} - begin) / ${dilation} * ${dilation}, begin < 0);
}
fn ${name}End(o: i32) -> i32 { return min(o * ${stride} + ${extent - before + 1}, ${n}); }
fn ${name}Count(o: i32) -> i32 {
  let begin = ${countIncludePad ? `o * ${stride} - ${before}` : `${name}First(o)`};
  let end = ${countIncludePad ? `min(o * ${stride} + ${extent - before + 1}, ${n + after})` : `${name}End(o)`};
  return (max(end - begin, 0) + ${dilation - 1}) / ${dilation};
}
fn ${name}Low(p: i32) -> i32 { return max(p + ${before - extent + stride - 1}, 0) / ${stride}; }
fn ${name}High(p: i32) -> i32 { return min((p + ${before}) / ${stride}, ${out - 1}); }
fn ${name}Covers(o: i32, p: i32) -> bool { return (p + ${before} - o * ${stride}) % ${dilation} == 0; }`;
}

/** The same in JavaScript, for the float64 reference: pixels of window o inside the image, and the mean's divisor. */
export function windowOf(
  axis: PoolAxis,
  o: number,
  countIncludePad: boolean,
): { pixels: number[]; count: number } {
  if (!('taps' in axis)) {
    const first = Math.floor((o * axis.n) / axis.out);
    const end = Math.ceil(((o + 1) * axis.n) / axis.out);
    return { pixels: Array.from({ length: end - first }, (_, i) => first + i), count: end - first };
  }
  const { n, taps, stride, dilation, before, after } = axis;
  const all = Array.from({ length: taps }, (_, tap) => o * stride - before + tap * dilation);
  const pixels = all.filter((p) => p >= 0 && p < n);
  return { pixels, count: countIncludePad ? all.filter((p) => p < n + after).length : pixels.length };
}
