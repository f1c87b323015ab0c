// A matrix product whose rows of A are gathered from a tensor instead of being stored: what a convolution is.
import { wgsl } from '../../kernel/wgsl.ts';

/** How a row of A is found: `runs` runs of K / runs neighbours in `a`, or of zeros. */
export interface Gather {
  runs: number;
  /** WGSL with `fn runAt(m: u32, run: u32) -> u32`: the first element of a run of row m, a multiple of the run's length, or `ZEROS`. */
  code: string;
}

/** WGSL of `runAt` and of what it returns for a run of zeros. */
export const runAt = ({ code }: Gather): string => wgsl`
const ZEROS = 0xffffffffu;
${code}`;

/** WGSL of `fn gathered(m: u32, k: u32) -> f32`, element (m, k) of A. */
export const gathered = (gather: Gather, K: number): string => wgsl`
${runAt(gather)}
fn gathered(m: u32, k: u32) -> f32 {
  let at = runAt(m, k / ${K / gather.runs}u);
  if (at == ZEROS) { return 0.0f; }
  return f32(a[at + k % ${K / gather.runs}u]);
}`;
