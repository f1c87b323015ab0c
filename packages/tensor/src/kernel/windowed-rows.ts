// Row kernels over tensors of any size: items of four elements where the rows allow it, and windows of rows
// where a tensor is over the binding limit.
import type { LaunchContext } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { window, type OperandLike } from './kernel.ts';
import { runRows, type RowsSpec } from './rows.ts';
import { rowBytes, rowWindows } from './windows.ts';
import { wgsl } from './wgsl.ts';

const vectorCode = {
  1: wgsl`
alias V = f32;
const WIDTH = 1u;
fn across(v: V) -> f32 { return v; }
fn highest(v: V) -> f32 { return v; }
fn nanItems(v: V) -> bool { return isNan(v); }`,
  4: wgsl`
alias V = vec4f;
const WIDTH = 4u;
fn across(v: V) -> f32 { return (v.x + v.y) + (v.z + v.w); }
fn highest(v: V) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }
fn nanItems(v: V) -> vec4<bool> { return isNan4(v); }`,
};

export interface WindowedRowsSpec extends Omit<RowsSpec, 'read' | 'write' | 'oneLane'> {
  /** Elements of a row. */
  length: number;
  /** Elements of a row stand this far apart, and as many rows lie interleaved; default 1. */
  stride?: number;
  /** Binds single elements whatever the length: the code counts positions. */
  scalar?: boolean;
  /** Tensors of `rows` equal rows; those with `length` elements per row are bound as arrays of V. */
  read: Record<string, Tensor | undefined>;
  write: Record<string, Tensor | undefined>;
  /** Bound whole in every window. */
  also?: Record<string, OperandLike>;
}

/** Elements per item of rows of `length` elements. */
export const rowWidth = (length: number, stride = 1): 1 | 4 =>
  stride === 1 && length > 0 && length % 4 === 0 ? 4 : 1;

/**
 * Runs `fn row(r: u32, lane: u32)` on every row. Besides what runRows offers, the code sees `V` (f32 or
 * vec4f), `WIDTH` (1 or 4), the folds `across` (sum) and `highest` of a V, `nanItems(v)`, `N` items per row, and their
 * places: item k of row r is at `baseOf(r) + k * STEP`.
 */
export function runWindowedRows(context: LaunchContext, spec: WindowedRowsSpec): void {
  const {
    rows,
    length,
    stride = 1,
    scalar = false,
    read,
    write,
    also,
    consts,
    flops = 0,
    code,
    ...rest
  } = spec;
  if (rows === 0) return;
  const width = scalar ? 1 : rowWidth(length, stride);
  const blocks = rows / stride;
  const all = [...Object.values(read), ...Object.values(write)].filter((t) => t !== undefined);
  const perBlock = all.map((t) => rowBytes(t, blocks));
  for (const [first, count] of rowWindows(context.device.bindingLimit, blocks, perBlock)) {
    const view = (tensors: Record<string, Tensor | undefined>): Record<string, OperandLike> =>
      Object.fromEntries(
        Object.entries(tensors).map(([name, t]) => {
          const elements = t ? t.size / blocks : 0;
          return [name, t && window(t, first * elements, count * elements, elements === length ? width : 1)];
        }),
      );
    runRows(context, {
      ...rest,
      rows: count * stride,
      length: length / width,
      oneLane: stride > 1,
      read: { ...view(read), ...also },
      write: view(write),
      consts: { ...consts, ...(stride === 1 && { STEP: 1 }) },
      sizes: { N: length / width, ...(stride > 1 && { STEP: stride }) },
      flops: (flops * count) / blocks,
      code: wgsl`${vectorCode[width]}
fn baseOf(r: u32) -> u32 { return ${stride === 1 ? 'r * N' : '(r / STEP) * N * STEP + r % STEP'}; }
${code}`,
    });
  }
}
