// The kernel of take and of the gradient of addRows: whole entries of an axis by number.
//
// Legend: x seen as [outer, n, inner] around the axis, J indices.
import { window } from '../../kernel/kernel.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { kernelOp, type LaunchContext } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { around } from '../move/slice.ts';
import { outsideValue, placeOf } from './place.ts';

export interface TakeAttrs {
  axis: number;
  /** An index outside reads 0: in gradients, where it has no part. */
  zeroOutside?: boolean;
}

type Inputs = readonly [x: Tensor, index: Tensor];

export function launchTake(
  { run }: LaunchContext,
  [x, index]: Inputs,
  [out]: readonly Tensor[],
  { axis, zeroOutside }: TakeAttrs,
): void {
  const { n, inner } = around(x.shape, axis);
  const vec = inner % 4 === 0 ? 4 : 1;
  run({
    read: { x: window(x, 0, x.size, vec), index },
    write: { out: window(out, 0, out.size, vec) },
    consts: { N: n, J: index.size, INNER: inner / vec },
    threads: out.size / vec,
    code: wgsl`${placeOf(index)}
      fn thread(i: u32) {
        let at = placeOf(index[(i / INNER) % J], N);
        if (at < N) { out[i] = x[(i / (INNER * J) * N + at) * INNER + i % INNER]; }
        else { out[i] = out_t(${zeroOutside ? '' : outsideValue(out.dtype)}); }
      }`,
  });
}

const tableRows = kernelOp(
  'takeRows',
  ([table, ids]: Inputs) => [{ shape: [ids.size, table.shape[1]], dtype: table.dtype }],
  launchTake,
);

/** Rows of a table [V, C] by ids [N] that count from the start; zeros for ids outside. For gradients. */
export const takeRows = (table: Tensor, ids: Tensor): Tensor =>
  tableRows([table, ids], { axis: 0, zeroOutside: true })[0];
