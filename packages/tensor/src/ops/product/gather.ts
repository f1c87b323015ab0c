// A matrix product whose rows of A are gathered from a tensor instead of being stored: what a convolution is.
import { wgsl } from '../../kernel/wgsl.ts';

/**
 * How a row of A is found: `runs` runs of K / runs neighbours in `a`, or of zeros. Where A is transposed, what is gathered
 * are the rows of the stored matrix: row k, in runs of M / runs.
 */
export interface Gather {
  runs: number;
  /** WGSL with `fn runAt(row: u32, run: u32) -> u32`: the first element of a run of a row, a multiple of the run's length, or `ZEROS`. */
  code: string;
}

/** WGSL of `runAt` and of what it returns for a run of zeros. */
export const runAt = ({ code }: Gather): string => wgsl`
const ZEROS = 0xffffffffu;
${code}`;

/** WGSL of `fn gathered(row: u32, c: u32) -> f32`, element c of a row of `length` elements. */
export const gathered = (gather: Gather, length: number): string => wgsl`
${runAt(gather)}
fn gathered(row: u32, c: u32) -> f32 {
  let at = runAt(row, c / ${length / gather.runs}u);
  if (at == ZEROS) { return 0.0f; }
  return f32(a[at + c % ${length / gather.runs}u]);
}`;
