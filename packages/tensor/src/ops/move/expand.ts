// expand, repeat and repeatInterleave: entries that stand in the result more than once. Their gradient is a sum.
import { assertNumber, assertTensor, show } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape, normaliseAxis, sizeOf, type Shape } from '../../core/shape.ts';
import { plainAxes, runMove, type AxisRead } from '../../kernel/read-at.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { sumTo } from '../binary/sum-to.ts';
import { listOf, reshape, type SizeArguments } from './reshape.ts';

/** The shape meant by `sizes`, in which −1 keeps a size. */
export function expandedShape(from: Shape, sizes: Shape): number[] {
  const lead = sizes.length - from.length;
  const fail = (why: string): never => {
    throw new ShapeError(`expand: ${formatShape(from)} does not expand to ${show(sizes)}: ${why}`);
  };
  if (lead < 0) fail(`${from.length} sizes at least are wanted`);
  return sizes.map((n, k) => {
    const own = from[k - lead];
    if (n === -1) return own ?? fail(`axis ${k} is new, so −1 keeps no size`);
    if (!Number.isInteger(n) || n < 0) fail(`sizes are whole numbers of 0 and more, or −1`);
    if (own !== undefined && own !== 1 && own !== n)
      fail(`axis ${k} has ${own} entries, and only 1 can become ${n}`);
    return n;
  });
}

const expandDefinition: OpDefinition<{ shape: Shape }, readonly [Tensor]> = {
  name: 'expand',
  inputs: ['x'],
  infer: ([x], { shape }) => [{ shape: expandedShape(x.shape, shape), dtype: x.dtype }],
  launch(context, [x], [out]) {
    const lead = out.rank - x.rank;
    const own = plainAxes(x.shape);
    const axes = out.shape.map((size, k): AxisRead => {
      const axis = own[k - lead];
      return axis && axis.size === size ? axis : { size, stride: 0 };
    });
    runMove(context, 'expand', x, out, axes);
  },
  vjp: ({ inputs: [x], grad }) => [sumTo(grad, x.shape)],
};

/**
 * Axes of size 1 repeated up to the sizes given; −1 keeps a size, and sizes in front of the tensor's own make new axes.
 * Unlike PyTorch's the result is a copy. Arithmetic broadcasts by itself and needs no `expand`. Any dtype.
 * @throws ShapeError for an axis of another size than 1 and the one wanted.
 * @example
 * bias.expand(4, -1); // [C] → [4, C]; also bias.expand([4, -1])
 */
export const expand = defineOp(
  expandDefinition,
  (apply) =>
    (x: Tensor, ...sizes: SizeArguments): Tensor =>
      apply([x], { shape: listOf(sizes) })[0],
);

export interface RepeatAttrs {
  /** How often each axis of the result holds the source's. */
  times: readonly number[];
}

/** `shape` with axes of size 1 in front, so that each of `times` has one. */
export const padded = (shape: Shape, times: readonly number[]): number[] => [
  ...times.slice(shape.length).map(() => 1),
  ...shape,
];

const repeatDefinition: OpDefinition<RepeatAttrs, readonly [Tensor]> = {
  name: 'repeat',
  inputs: ['x'],
  infer([x], { times }) {
    if (times.length < x.rank || times.some((n) => !Number.isInteger(n) || n < 0))
      throw new ShapeError(
        `repeat: times are ${show(times)}, but whole numbers of 0 and more are wanted, one at least for each axis of ${formatShape(x.shape)}`,
      );
    return [{ shape: padded(x.shape, times).map((n, k) => n * times[k]), dtype: x.dtype }];
  },
  launch(context, [x], [out], { times }) {
    const axes = plainAxes(padded(x.shape, times)).map((axis, k): AxisRead => {
      if (times[k] === 1) return axis;
      return axis.size === 1
        ? { size: times[k], stride: 0 }
        : { ...axis, size: axis.size * times[k], at: (c) => `(${c} % ${axis.size}u)` };
    });
    runMove(context, 'repeat', x, out, axes);
  },
  vjp({ inputs: [x], attrs: { times }, grad }) {
    const sizes = padded(x.shape, times);
    const apart = reshape(
      grad,
      sizes.flatMap((n, k) => [times[k], n]),
    );
    return [
      reshape(
        sumTo(
          apart,
          sizes.flatMap((n) => [1, n]),
        ),
        x.shape,
      ),
    ];
  },
};

/**
 * The whole tensor repeated `times` along each axis (NumPy's `tile`); more numbers than axes make new axes in front. Any dtype.
 * @throws ShapeError for fewer numbers than axes.
 * @example
 * tensor(device, [1, 2], [2]).repeat(2, 2); // [[1, 2, 1, 2], [1, 2, 1, 2]]
 */
export const repeat = defineOp(
  repeatDefinition,
  (apply) =>
    (x: Tensor, ...times: SizeArguments): Tensor =>
      apply([x], { times: listOf(times) })[0],
);

export interface RepeatInterleaveAttrs {
  times: number;
  axis: number;
}

const interleaveDefinition: OpDefinition<RepeatInterleaveAttrs, readonly [Tensor]> = {
  name: 'repeatInterleave',
  inputs: ['x'],
  infer: ([x], { times, axis }) => [
    { shape: x.shape.map((n, k) => (k === axis ? n * times : n)), dtype: x.dtype },
  ],
  launch(context, [x], [out], { times, axis }) {
    const axes: AxisRead[] = plainAxes(x.shape);
    const { size, stride } = axes[axis];
    axes[axis] = { size: size * times, stride, at: (c) => `(${c} / ${times}u)` };
    runMove(context, 'repeatInterleave', x, out, axes);
  },
  vjp({ inputs: [x], attrs: { times, axis }, grad }) {
    const before = x.shape.slice(0, axis + 1);
    const inner = sizeOf(x.shape.slice(axis + 1));
    return [reshape(sumTo(reshape(grad, [...before, times, inner]), [...before, 1, inner]), x.shape)];
  },
};

/**
 * Each entry of `axis` `times` times in a row; without an axis each element of the tensor as one row, as in PyTorch. Any dtype.
 * @example
 * keys.repeatInterleave(4, { axis: 1 }); // heads [B, 2, T, D] → [B, 8, T, D]
 */
export const repeatInterleave = defineOp(
  interleaveDefinition,
  (apply) =>
    (x: Tensor, times: number, { axis }: { axis?: number } = {}): Tensor => {
      assertTensor('repeatInterleave', 'x', x);
      assertNumber('repeatInterleave', 'times', times, { integer: true, min: 0 });
      return axis === undefined
        ? apply([reshape(x, [x.size])], { times, axis: 0 })[0]
        : apply([x], { times, axis: normaliseAxis('repeatInterleave', axis, x.rank) })[0];
    },
);
