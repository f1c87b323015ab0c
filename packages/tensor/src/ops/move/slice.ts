// slice: parts of axes, with steps; its gradient is the same parts inside zeros. narrow and select by it.
import { assertOptions, assertTensor } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape, normaliseAxis, sizeOf, type Shape } from '../../core/shape.ts';
import { plainAxes, readAt, runMove, type AxisRead } from '../../kernel/read-at.ts';
import { registerType, runPointwise } from '../../kernel/pointwise.ts';
import { defineOp, kernelOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { reshape } from './reshape.ts';

/** Entries start, start + step, … of one axis, `count` of them. */
export interface Part {
  axis: number;
  start: number;
  count: number;
  step: number;
}

export interface SliceAttrs {
  parts: readonly Part[];
}

/** Sizes before, along and after an axis. */
export const around = (shape: Shape, axis: number): { outer: number; n: number; inner: number } => ({
  outer: sizeOf(shape.slice(0, axis)),
  n: shape[axis],
  inner: sizeOf(shape.slice(axis + 1)),
});

export const resized = (shape: Shape, axis: number, n: number): number[] =>
  shape.map((size, i) => (i === axis ? n : size));

/** What a caller asks for of one axis, as numbers inside of it. */
export function resolve(shape: Shape, { axis = 0, start, end, step = 1 }: SliceOptions): Part {
  const at = normaliseAxis('slice', axis, shape.length);
  const n = shape[at];
  const from = start === undefined ? (step > 0 ? 0 : n - 1) : start < 0 ? start + n : start;
  const to = end === undefined ? (step > 0 ? n : -1) : end < 0 ? end + n : end;
  const fits = step > 0 ? from >= 0 && to <= n && from <= to : from < n && to >= -1 && from >= to;
  if (![from, to, step].every(Number.isInteger) || step === 0 || !fits) {
    const by = step === 1 ? '' : ` by ${step}`;
    throw new ShapeError(
      `slice: ${start ?? 'the start'} to ${end ?? 'the end'}${by} is no part of axis ${axis} of ${formatShape(shape)}`,
    );
  }
  return { axis: at, start: from, count: Math.ceil((to - from) / step), step };
}

export const slicedShape = (shape: Shape, parts: readonly Part[]): Shape =>
  parts.reduce((out, { axis, count }) => resized(out, axis, count), shape);

const definition: OpDefinition<SliceAttrs, readonly [Tensor]> = {
  name: 'slice',
  inputs: ['x'],
  infer: ([x], { parts }) => [{ shape: slicedShape(x.shape, parts), dtype: x.dtype }],
  launch(context, [x], [out], { parts }) {
    const axes = plainAxes(x.shape);
    for (const { axis, start, count, step } of parts) {
      axes[axis] = {
        size: count,
        stride: axes[axis].stride,
        ...(step === 1
          ? { offset: start }
          : { at: (c) => (step > 0 ? `(${start}u + ${c} * ${step}u)` : `(${start}u - ${c} * ${-step}u)`) }),
      };
    }
    runMove(context, 'slice', x, out, axes);
  },
  folds: [0],
  vjp: ({ inputs: [x], attrs: { parts }, grad, partials }) =>
    embed([grad, partials[0]], { parts, shape: x.shape }),
};

/** `g` as the parts of zeros of `shape`, or added to `partial`. */
const embed = kernelOp(
  'sliceBackward',
  ([g]: readonly [Tensor, Tensor | undefined], { shape }: SliceAttrs & { shape: Shape }) => [
    { shape, dtype: g.dtype },
  ],
  (context, [g, partial], [out], { parts }) => {
    const axes: AxisRead[] = plainAxes(g.shape).map((axis, k) => ({ ...axis, size: out.shape[k] }));
    for (const { axis, start, count, step } of parts) {
      const { size, stride } = axes[axis];
      if (step === 1) {
        axes[axis] = { size, stride, offset: -start, limit: count === size ? undefined : count };
        continue;
      }
      const from = (c: string): string => (step > 0 ? `(${c} - ${start}u)` : `(${start}u - ${c})`);
      const by = Math.abs(step);
      axes[axis] = {
        size,
        stride,
        at: (c) => `(${from(c)} / ${by}u)`,
        inside: (c) => `${from(c)} % ${by}u == 0u && ${from(c)} / ${by}u < ${count}u`,
      };
    }
    const placed = readAt(g, axes);
    if (partial)
      runPointwise(context, {
        name: 'sliceBackward',
        read: { partial, g: placed },
        out,
        value: 'partial + g',
      });
    else
      runPointwise(context, {
        name: 'sliceBackward',
        read: { g: placed },
        out,
        value: `${registerType(out.dtype)}(g)`,
      });
  },
);

export interface SliceOptions {
  /** Negative: from the end. Default 0. */
  axis?: number;
  /** First entry, default 0 (the last one where `step` is negative); negative: from the end. */
  start?: number;
  /** One past the last entry, default all that are left; negative: from the end. */
  end?: number;
  /** Every step-th entry; negative: backwards from `start`. Default 1. */
  step?: number;
}

/**
 * Entries `start` … `end` − 1 of one axis, or of several at once, copied; any dtype. As in Python, but a part that is not
 * inside the axis is an error.
 * @throws ShapeError when they are not inside the axis, and when one axis is named twice.
 * @example
 * x.slice({ axis: 1, start: -3 }); // x[:, -3:]
 * x.slice([{ axis: 0, end: 2 }, { axis: 1, step: -1 }]); // x[:2, ::-1]
 */
export const slice = defineOp(
  definition,
  (apply) =>
    (x: Tensor, options: SliceOptions | readonly SliceOptions[]): Tensor => {
      assertTensor('slice', 'x', x);
      const list = (Array.isArray(options) ? options : [options]) as readonly SliceOptions[];
      for (const each of list) assertOptions('slice', each, ['axis', 'start', 'end', 'step']);
      const parts = list.map((each) => resolve(x.shape, each));
      if (new Set(parts.map(({ axis }) => axis)).size < parts.length)
        throw new ShapeError(
          `slice: the axes ${list.map(({ axis = 0 }) => axis).join(', ')} name one axis twice`,
        );
      return apply([x], { parts })[0];
    },
);

/**
 * `length` entries of axis `axis` from `start` on.
 * @throws ShapeError when they are not inside the axis.
 */
export function narrow(x: Tensor, axis: number, start: number, length: number): Tensor {
  assertTensor('narrow', 'x', x);
  const from = start < 0 ? start + x.dim(axis) : start;
  return slice(x, { axis, start: from, end: from + length });
}

/**
 * Entry `index` of axis `axis`, which the result lacks; negative: from the end.
 * @throws ShapeError when the axis has no such entry.
 * @example
 * hidden.select(1, -1); // [B, T, C] → [B, C], the last token
 */
export function select(x: Tensor, axis: number, index: number): Tensor {
  const part = narrow(x, axis, index, 1);
  return reshape(part, part.shape.toSpliced(normaliseAxis('select', axis, x.rank), 1));
}
