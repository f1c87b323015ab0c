// transpose: the axes in another order, copied so that the result is row-major again.
import { ShapeError } from '../../core/errors.ts';
import { formatShape, sizeOf, stridesOf, type Shape } from '../../core/shape.ts';
import { window } from '../../kernel/kernel.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

export interface TransposeAttrs {
  /** Axis of the input at each place of the result. */
  perm: readonly number[];
}

export function resolve(shape: Shape, perm: readonly number[]): number[] {
  const axes = perm.map((axis) => (axis < 0 ? axis + shape.length : axis));
  if (axes.length !== shape.length || shape.some((_, i) => !axes.includes(i))) {
    throw new ShapeError(`transpose: [${perm.join(', ')}] is no order of the axes of ${formatShape(shape)}`);
  }
  return axes;
}

/** The axes that stay last stay together: they move as one piece of `inner` elements. */
function innerOf(shape: Shape, axes: readonly number[]): { rank: number; inner: number } {
  let rank = axes.length;
  while (rank > 0 && axes[rank - 1] === rank - 1) rank--;
  return { rank, inner: sizeOf(shape.slice(rank)) };
}

const definition: OpDefinition<TransposeAttrs, readonly [Tensor]> = {
  name: 'transpose',
  inputs: ['x'],
  infer: ([x], { perm }) => [{ shape: resolve(x.shape, perm).map((axis) => x.shape[axis]), dtype: x.dtype }],
  launch({ run }, [x], [out], { perm }) {
    const axes = resolve(x.shape, perm);
    const { rank, inner } = innerOf(x.shape, axes);
    const vec = inner % 4 === 0 ? 4 : 1;
    const from = stridesOf(x.shape);
    const to = stridesOf(out.shape);
    const terms = axes
      .slice(0, rank)
      .map((axis, i) =>
        out.shape[i] === 1 ? '' : `((i / ${to[i] / vec}u) % ${out.shape[i]}u) * ${from[axis] / vec}u`,
      );
    if (inner > vec) terms.push(`i % ${inner / vec}u`);
    run({
      read: { x: window(x, 0, x.size, vec) },
      write: { out: window(out, 0, out.size, vec) },
      threads: out.size / vec,
      code: wgsl`fn thread(i: u32) { out[i] = x[${terms.filter(Boolean).join(' + ') || '0u'}]; }`,
    });
  },
  vjp({ inputs: [x], attrs: { perm }, grad }) {
    const axes = resolve(x.shape, perm);
    return [
      transpose(
        grad,
        axes.map((_, i) => axes.indexOf(i)),
      ),
    ];
  },
};

/**
 * Axis `perm[i]` of `x` becomes axis i of the result; any dtype.
 * @throws ShapeError when `perm` is no order of the axes.
 * @example
 * transpose(x, [0, 2, 1, 3]) // [B, T, H, D] → [B, H, T, D]
 */
export const transpose = defineOp(
  definition,
  (apply) =>
    (x: Tensor, perm: readonly number[]): Tensor =>
      apply([x], { perm })[0],
);
