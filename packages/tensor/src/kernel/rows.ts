// Kernels over rows: the op writes `fn row(r: u32, lane: u32)` once and steps through its row by LANES.
//
// On GPUs a workgroup shares a row: its subgroups sum by themselves where their size is one fixed number, and the rest goes
// through workgroup memory; otherwise all of it, in a fixed tree. On software adapters, where barriers cost more than they
// save, an invocation takes a whole row (LANES = 1) unless rows are few.
import { fixedSubgroup } from '../core/adapter.ts';
import type { LaunchContext } from '../op.ts';
import type { KernelSpec } from './kernel.ts';
import { wgsl } from './wgsl.ts';

/** `fn name(lane: u32, v: f32) -> f32` over a workgroup, through `var<workgroup> lanesScratch: array<f32, lanes>`. */
export const laneTree = (name: string, combine: string, lanes: number): string => wgsl`
fn ${name}(lane: u32, v: f32) -> f32 {
  lanesScratch[lane] = v;
  workgroupBarrier();
  for (var half = ${lanes / 2}u; half > 0u; half /= 2u) {
    if (lane < half) {
      let x = lanesScratch[lane];
      let y = lanesScratch[lane + half];
      lanesScratch[lane] = ${combine};
    }
    workgroupBarrier();
  }
  let result = lanesScratch[0];
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

export interface RowsSpec extends Omit<KernelSpec, 'threads' | 'groups' | 'workgroupSize' | 'code'> {
  rows: number;
  /** Elements of a row: short rows do not pay for many lanes. */
  length: number;
  /** One invocation per row whatever its length: for rows whose neighbours lie beside them in memory. */
  oneLane?: boolean;
  /** WGSL with `fn row(r: u32, lane: u32)`; may use LANES, `sumLanes(lane, v)` and `maxLanes(lane, v)`. */
  code: string;
}

export function runRows(
  { device, run }: LaunchContext,
  { rows, length, oneLane, code, ...spec }: RowsSpec,
): void {
  const software = device.adapter.kind === 'software';
  if (oneLane || length <= 8 || (software && rows >= 16)) {
    run({
      ...spec,
      threads: rows,
      workgroupSize: software ? 8 : 64,
      code: wgsl`const LANES = 1u;
fn sumLanes(lane: u32, v: f32) -> f32 { return v; }
fn maxLanes(lane: u32, v: f32) -> f32 { return v; }
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
${code}
fn group(g: u32, lane: u32) { row(g, lane); }`,
  });
}
