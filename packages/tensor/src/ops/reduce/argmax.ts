// argmax: where the largest value along an axis stands; of equal values the first.
//
// Legend: x is seen as [outer, n, inner] with the axis in the middle.
import { LimitError, ShapeError } from '../../core/errors.ts';
import { formatShape, normaliseAxis, sizeOf, type Shape } from '../../core/shape.ts';
import { runWindowedRows } from '../../kernel/windowed-rows.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { assertFloat } from '../../arguments.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

export interface ArgmaxAttrs {
  axis: number;
}

/** Lanes agree on an index through f32 reductions, which are exact up to here. */
export const mostIndices = 2 ** 24;

export function assertIndexable(op: string, n: number): void {
  if (n > mostIndices) {
    throw new LimitError(
      `${op}: ${n} values along the axis are over the limit of ${mostIndices}; split the tensor`,
    );
  }
}

/** WGSL: the smallest of the lanes' indices (each at most `mostIndices`). */
export const firstOfLanes = wgsl`
fn firstOfLanes(lane: u32, index: u32) -> u32 {
  return u32(-maxLanes(lane, -f32(min(index, ${mostIndices}u))));
}`;

export function split(
  shape: Shape,
  { axis }: ArgmaxAttrs,
): { rows: number; length: number; stride: number; out: number[] } {
  const at = normaliseAxis('argmax', axis, shape.length);
  const out = shape.filter((_, i) => i !== at);
  return { rows: sizeOf(out), length: shape[at], stride: sizeOf(shape.slice(at + 1)), out };
}

const definition: OpDefinition<ArgmaxAttrs, readonly [Tensor]> = {
  name: 'argmax',
  inputs: ['x'],
  infer([x], attrs) {
    assertFloat('argmax', 'x', x);
    const { length, out } = split(x.shape, attrs);
    if (length === 0) throw new ShapeError(`argmax: nothing to choose from in ${formatShape(x.shape)}`);
    assertIndexable('argmax', length);
    return [{ shape: out, dtype: 'u32' }];
  },
  launch(context, [x], [out], attrs) {
    const { rows, length, stride } = split(x.shape, attrs);
    runWindowedRows(context, {
      rows,
      length,
      stride,
      scalar: true,
      read: { x },
      write: { out },
      flops: x.size,
      code: wgsl`${firstOfLanes}
fn row(r: u32, lane: u32) {
  let base = baseOf(r);
  var best = -0x1.fffffep+127f;
  var at = N;
  for (var c = lane; c < N; c += LANES) {
    let v = f32(x[base + c * STEP]);
    if (v > best || at == N) {
      best = v;
      at = c;
    }
  }
  let top = maxLanes(lane, best);
  let first = firstOfLanes(lane, select(N, at, best == top));
  if (lane == 0u) { out[r] = min(first, N - 1u); }
}`,
    });
  },
};

/**
 * u32 indices of the largest values along `axis` (the last by default), which vanishes from the shape.
 * Ties go to the lowest index. Not differentiable.
 */
export const argmax = defineOp(
  definition,
  (apply) =>
    (x: Tensor, { axis = -1 }: { axis?: number } = {}): Tensor =>
      apply([x], { axis })[0],
);
