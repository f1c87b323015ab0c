// transpose: the axes in another order, copied so that the result is row-major again; permute, swapaxes and movedim by it.
import { assertTensor } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape, normaliseAxis, stridesOf, type Shape } from '../../core/shape.ts';
import { runMove } from '../../kernel/read-at.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { listOf, type SizeArguments } from './reshape.ts';

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

const definition: OpDefinition<TransposeAttrs, readonly [Tensor]> = {
  name: 'transpose',
  inputs: ['x'],
  infer: ([x], { perm }) => [{ shape: resolve(x.shape, perm).map((axis) => x.shape[axis]), dtype: x.dtype }],
  launch(context, [x], [out], { perm }) {
    const strides = stridesOf(x.shape);
    const axes = resolve(x.shape, perm).map((axis) => ({ size: x.shape[axis], stride: strides[axis] }));
    runMove(context, 'transpose', x, out, axes);
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

/** The order of axes in which `a` and `b` have changed places. */
function swapped({ shape }: Tensor, a: number, b: number): number[] {
  const order = shape.map((_, i) => i);
  const [from, to] = [a, b].map((axis) => normaliseAxis('transpose', axis, shape.length));
  order[from] = to;
  order[to] = from;
  return order;
}

/**
 * The axes in another order; any dtype. Without arguments all axes are reversed (NumPy's `x.T`), two numbers change places
 * (PyTorch's `transpose`), and of a list `perm` axis `perm[i]` of `x` becomes axis i of the result (`permute`).
 * @throws ShapeError when `perm` is no order of the axes.
 * @example
 * x.transpose(); // [A, B, C] → [C, B, A]
 * x.transpose(1, 2); // [B, T, H, D] → [B, H, T, D]
 * x.transpose([2, 0, 1]); // [A, B, C] → [C, A, B]
 */
export const transpose = defineOp(
  definition,
  (apply) =>
    (x: Tensor, ...axes: [] | [number, number] | [readonly number[]]): Tensor => {
      assertTensor('transpose', 'x', x);
      if (axes.length === 0) return apply([x], { perm: x.shape.map((_, i) => x.rank - 1 - i) })[0];
      const [first, second] = axes;
      if (typeof first !== 'number') return apply([x], { perm: first })[0];
      if (typeof second !== 'number')
        throw new ShapeError(
          `transpose: the axis ${first} stands alone; give none, two that change places, or a list of all axes`,
        );
      return apply([x], { perm: swapped(x, first, second) })[0];
    },
);

/** The axes in the order given, one after another or as a list: {@link transpose} of a list. */
export const permute = (x: Tensor, ...axes: SizeArguments): Tensor => transpose(x, listOf(axes));

/** Axes `a` and `b` in each other's place. */
export const swapaxes = (x: Tensor, a: number, b: number): Tensor => transpose(x, a, b);

/**
 * The axes `from` moved to the places `to`; the others keep their order.
 * @example
 * images.movedim(-1, 1); // [N, H, W, C] → [N, C, H, W]
 */
export function movedim(x: Tensor, from: number | readonly number[], to: number | readonly number[]): Tensor {
  assertTensor('movedim', 'x', x);
  const [sources, places] = [from, to].map((axes) =>
    (typeof axes === 'number' ? [axes] : axes).map((axis) => normaliseAxis('movedim', axis, x.rank)),
  );
  if (
    sources.length !== places.length ||
    new Set(sources).size < sources.length ||
    new Set(places).size < places.length
  )
    throw new ShapeError(
      `movedim: axes ${String(from)} cannot move to ${String(to)}: as many different ones are wanted`,
    );
  const rest = x.shape.map((_, i) => i).filter((i) => !sources.includes(i));
  return transpose(
    x,
    x.shape.map((_, i) => (places.includes(i) ? sources[places.indexOf(i)] : rest.shift()!)),
  );
}
