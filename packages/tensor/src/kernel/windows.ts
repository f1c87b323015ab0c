// Row windows: pieces of tensors over the binding limit that WebGPU accepts as bindings of their own.
import { bytesPerElement } from '../dtype/dtype.ts';
import type { Tensor } from '../tensor.ts';
import { window, type Operand } from './kernel.ts';

/** WebGPU's default and most common minStorageBufferOffsetAlignment. */
const alignment = 256;

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** Bytes of one row of `t`, seen as `rows` equal rows. */
export const rowBytes = (t: Tensor, rows: number): number =>
  (t.size / Math.max(1, rows)) * bytesPerElement[t.dtype];

/**
 * [first, count] pieces of `rows` rows: in each piece every tensor, of `bytesPerRow` each, stays under `limit`
 * and starts at an aligned byte. Where not even the smallest aligned piece fits, that piece comes back and
 * the kernel's bindings report the limit.
 */
export function rowWindows(
  limit: number,
  rows: number,
  bytesPerRow: readonly number[],
): [first: number, count: number][] {
  const widest = Math.max(1, ...bytesPerRow);
  if (widest * rows <= limit) return [[0, rows]];
  // Powers of two, so the largest of them is a multiple of all.
  const granule = Math.max(1, ...bytesPerRow.map((bytes) => alignment / gcd(alignment, bytes)));
  const step = Math.max(granule, Math.floor(limit / widest / granule) * granule);
  const out: [number, number][] = [];
  for (let first = 0; first < rows; first += step) out.push([first, Math.min(step, rows - first)]);
  return out;
}

/** Bytes that a window begun at any element may need beyond its own. */
export const windowSlack = alignment;

/**
 * A window that starts at any element: it is bound from the aligned place before, and `shift` elements lie
 * in front of the wanted ones.
 */
export function windowFrom(t: Tensor, first: number, count: number): { operand: Operand; shift: number } {
  const shift = first % (alignment / bytesPerElement[t.dtype]);
  return { operand: window(t, first - shift, count + shift), shift };
}
