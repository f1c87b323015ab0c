// Kernels over rows: the op writes `fn row(r: u32, lane: u32)` once and steps through its row by LANES.
//
// On GPUs a workgroup shares a row: its subgroups sum by themselves where their size is one fixed number, and the rest goes
// through workgroup memory; otherwise all of it, in a fixed tree. On software adapters, where barriers cost more than they
// save, an invocation takes a whole row (LANES = 1) unless rows are few.
import { fixedSubgroup } from '../core/adapter.ts';
import type { LaunchContext } from '../op.ts';
import type { KernelSpec } from './kernel.ts';
import { wgsl } from './wgsl.ts';

/** `fn name(lane: u32, v: type) -> type` over a workgroup, through `var<workgroup> scratch: array<type, lanes>`. */
export const laneTree = (
  name: string,
  combine: string,
  lanes: number,
  { type = 'f32', scratch = 'lanesScratch' }: { type?: string; scratch?: string } = {},
): string => wgsl`
fn ${name}(lane: u32, v: ${type}) -> ${type} {
  ${scratch}[lane] = v;
  workgroupBarrier();
  for (var half = ${lanes / 2}u; half > 0u; half /= 2u) {
    if (lane < half) {
      let x = ${scratch}[lane];
      let y = ${scratch}[lane + half];
      ${scratch}[lane] = ${combine};
    }
    workgroupBarrier();
  }
  let result = ${scratch}[0];
  workgroupBarrier();
  return result;
}`;

/**
 * Two barriers instead of two for each halving. Subgroups are taken to be runs of neighbouring invocations, as they are
 * wherever a workgroup has one dimension.
 */
const bySubgroups = (
  name: string,
  { within, combine }: { within: string; combine: string },
  { lanes, size }: { lanes: number; size: number },
): string => wgsl`
fn ${name}(lane: u32, v: f32) -> f32 {
  let own = ${within}(v);
  if (lane % ${size}u == 0u) { lanesScratch[lane / ${size}u] = own; }
  workgroupBarrier();
  var x = lanesScratch[0];
  for (var i = 1u; i < ${lanes / size}u; i++) {
    let y = lanesScratch[i];
    x = ${combine};
  }
  workgroupBarrier();
  return x;
}`;

/** A function `name(lane, v)` that combines the values of all lanes, beside `sumLanes` and `maxLanes`. */
export interface LaneFold {
  type: 'f32' | 'i32' | 'u32';
  /** WGSL of two values `x` and `y`; in whatever order the lanes are taken. */
  combine: string;
}

export interface RowsSpec extends Omit<KernelSpec, 'threads' | 'groups' | 'workgroupSize' | 'code'> {
  rows: number;
  /** Elements of a row: short rows do not pay for many lanes. */
  length: number;
  /** One invocation per row whatever its length: for rows whose neighbours lie beside them in memory. */
  oneLane?: boolean;
  folds?: Record<string, LaneFold>;
  /**
   * WGSL with `fn row(r: u32, lane: u32)`; may use LANES, `sumLanes(lane, v)`, `maxLanes(lane, v)`
   * (which may lose a NaN) and the `folds`.
   */
  code: string;
}

export function runRows(
  { device, run }: LaunchContext,
  { rows, length, oneLane, folds = {}, code, ...spec }: RowsSpec,
): void {
  const named = Object.entries(folds);
  const software = device.adapter.kind === 'software';
  if (oneLane || length <= 8 || (software && rows >= 16)) {
    run({
      ...spec,
      threads: rows,
      workgroupSize: software ? 8 : 64,
      code: wgsl`const LANES = 1u;
fn sumLanes(lane: u32, v: f32) -> f32 { return v; }
fn maxLanes(lane: u32, v: f32) -> f32 { return v; }
${named.map(([name, { type }]) => `fn ${name}(lane: u32, v: ${type}) -> ${type} { return v; }`)}
${code}
fn thread(i: u32) { row(i, 0u); }`,
    });
    return;
  }
  const lanes = software ? 8 : length >= 1024 ? 256 : 64;
  const size = software ? 0 : fixedSubgroup(device.adapter);
  const subgroups = size > 1 && lanes % size === 0;
  run({
    ...spec,
    groups: rows,
    workgroupSize: lanes,
    subgroups,
    code: wgsl`const LANES = ${lanes}u;
var<workgroup> lanesScratch: array<f32, ${lanes}>;
${
  subgroups
    ? [
        bySubgroups('sumLanes', { within: 'subgroupAdd', combine: 'x + y' }, { lanes, size }),
        bySubgroups('maxLanes', { within: 'subgroupMax', combine: 'max(x, y)' }, { lanes, size }),
      ]
    : [laneTree('sumLanes', 'x + y', lanes), laneTree('maxLanes', 'max(x, y)', lanes)]
}
${named.map(([name, { type, combine }]) => {
  const scratch = `${name}Scratch`;
  return `var<workgroup> ${scratch}: array<${type}, ${lanes}>;${laneTree(name, combine, lanes, { type, scratch })}`;
})}
${code}
fn group(g: u32, lane: u32) { row(g, lane); }`,
  });
}
