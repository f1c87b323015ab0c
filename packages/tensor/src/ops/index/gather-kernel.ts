// The kernel of gather and of the gradients of scatters: one element per index along an axis.
import { ShapeError } from '../../core/errors.ts';
import { formatShape, stridesOf, type Shape } from '../../core/shape.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { kernelOp, type LaunchContext } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { offsetOf, outsideValue, placeOf } from './place.ts';

/** @throws ShapeError unless `index` has the axes of `shape` and is nowhere longer, but along `axis`. */
export function assertIndexShape(op: string, what: string, shape: Shape, index: Shape, axis: number): void {
  if (index.length !== shape.length || index.some((n, k) => k !== axis && n > shape[k]))
    throw new ShapeError(
      `${op}: index ${formatShape(index)} does not fit ${what} ${formatShape(shape)}: the same number of axes is wanted, ` +
        `none longer but axis ${axis}`,
    );
}

interface GatherKernel {
  axis: number;
  /** An index outside reads 0, and of equal indices of a line only the last reads: the gradient of scatter. */
  lastOnly?: boolean;
  zeroOutside?: boolean;
}

export function launchGather(
  { run }: LaunchContext,
  [x, index]: readonly [Tensor, Tensor],
  [out]: readonly Tensor[],
  { axis, lastOnly, zeroOutside }: GatherKernel,
): void {
  const strides = stridesOf(x.shape);
  const step = stridesOf(index.shape)[axis];
  run({
    read: { x, index },
    write: { out },
    consts: { N: x.shape[axis], J: index.shape[axis], STEP: step },
    threads: out.size,
    code: wgsl`${placeOf(index)}
    fn thread(i: u32) {
      let at = placeOf(index[i], N);
      var reads = at < N;
      ${lastOnly && `for (var j = (i / STEP) % J + 1u; j < J; j++) { if (placeOf(index[i + (j - (i / STEP) % J) * STEP], N) == at) { reads = false; } }`}
      if (reads) { out[i] = x[${offsetOf('i', index.shape, strides, axis)} + at * ${strides[axis]}u]; }
      else { out[i] = out_t(${lastOnly || zeroOutside ? '' : outsideValue(out.dtype)}); }
    }`,
  });
}

/** Elements at the index, 0 for indices outside; with `lastOnly` only for the last of equal indices. For gradients. */
export const gatherBack = kernelOp(
  'gatherBack',
  ([x, index]: readonly [Tensor, Tensor], _attrs: GatherKernel) => [{ shape: index.shape, dtype: x.dtype }],
  launchGather,
);
