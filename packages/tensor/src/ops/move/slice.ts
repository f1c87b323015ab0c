// slice: the part [start, end) of one axis; its gradient is the same part inside zeros.
//
// Legend: x seen as [outer, n, inner] around the axis.
import { ShapeError } from '../../core/errors.ts';
import { formatShape, normaliseAxis, sizeOf, type Shape } from '../../core/shape.ts';
import { window } from '../../kernel/kernel.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

export interface SliceAttrs {
  axis: number;
  start: number;
  end: number;
}

interface Around {
  outer: number;
  n: number;
  inner: number;
}

/** Sizes before, along and after an axis. */
export const around = (shape: Shape, axis: number): Around => ({
  outer: sizeOf(shape.slice(0, axis)),
  n: shape[axis],
  inner: sizeOf(shape.slice(axis + 1)),
});

export const resized = (shape: Shape, axis: number, n: number): number[] =>
  shape.map((size, i) => (i === axis ? n : size));

export function resolve(shape: Shape, { axis, start, end }: SliceAttrs): SliceAttrs {
  const at = normaliseAxis('slice', axis, shape.length);
  const n = shape[at];
  const from = start < 0 ? start + n : start;
  const to = end < 0 ? end + n : end;
  if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to > n || from > to) {
    throw new ShapeError(`slice: ${start} to ${end} is no part of axis ${axis} of ${formatShape(shape)}`);
  }
  return { axis: at, start: from, end: to };
}

const definition: OpDefinition<SliceAttrs, readonly [Tensor]> = {
  name: 'slice',
  inputs: ['x'],
  infer([x], attrs) {
    const { axis, start, end } = resolve(x.shape, attrs);
    return [{ shape: resized(x.shape, axis, end - start), dtype: x.dtype }];
  },
  launch({ run }, [x], [out], attrs) {
    const { axis, start, end } = resolve(x.shape, attrs);
    const { n, inner } = around(x.shape, axis);
    const vec = [n * inner, start * inner, (end - start) * inner].every((size) => size % 4 === 0) ? 4 : 1;
    run({
      read: { x: window(x, 0, x.size, vec) },
      write: { out: window(out, 0, out.size, vec) },
      consts: { FROM: (start * inner) / vec, ROW: (n * inner) / vec, PART: ((end - start) * inner) / vec },
      threads: out.size / vec,
      code: wgsl`fn thread(i: u32) { out[i] = x[(i / PART) * ROW + FROM + i % PART]; }`,
    });
  },
  folds: [0],
  vjp({ inputs: [x], attrs, grad, partials }) {
    const { axis, start } = resolve(x.shape, attrs);
    return [embed(grad, { axis, start, n: x.shape[axis] }, partials[0])];
  },
};

interface EmbedAttrs {
  axis: number;
  start: number;
  /** Size of the axis in the result. */
  n: number;
}

const embedDefinition: OpDefinition<EmbedAttrs, readonly [Tensor, Tensor | undefined]> = {
  name: 'sliceBackward',
  inputs: ['g', 'partial'],
  infer: ([g], { axis, n }) => [{ shape: resized(g.shape, axis, n), dtype: g.dtype }],
  launch({ run }, [g, partial], [out], { axis, start, n }) {
    const { n: part, inner } = around(g.shape, axis);
    const vec = [n * inner, start * inner, part * inner].every((size) => size % 4 === 0) && part > 0 ? 4 : 1;
    run({
      read: { g: window(g, 0, g.size, vec), partial: partial && window(partial, 0, partial.size, vec) },
      write: { out: window(out, 0, out.size, vec) },
      consts: { FROM: (start * inner) / vec, ROW: (n * inner) / vec, PART: (part * inner) / vec },
      threads: out.size / vec,
      code: wgsl`fn thread(i: u32) {
        var v = ${partial ? 'out_t(partial[i])' : 'out_t()'};
        let at = i % ROW - FROM;
        if (at < PART) { v += g[(i / ROW) * PART + at]; }
        out[i] = v;
      }`,
    });
  },
};

/** `g` between zeros (or added to `partial`), so that the axis has `n` entries. */
const embed = defineOp(
  embedDefinition,
  (apply) =>
    (g: Tensor, attrs: EmbedAttrs, partial?: Tensor): Tensor =>
      apply([g, partial], attrs)[0],
);

export interface SliceOptions {
  /** Negative: from the end. Default 0. */
  axis?: number;
  /** First entry, default 0; negative: from the end. */
  start?: number;
  /** One past the last entry, default the axis's size; negative: from the end. */
  end?: number;
}

/**
 * Entries `start` … `end` − 1 of one axis, copied; any dtype.
 * @throws ShapeError when they are not inside the axis.
 */
export const slice = defineOp(
  definition,
  (apply) =>
    (x: Tensor, { axis = 0, start = 0, end = x.dim(axis) }: SliceOptions): Tensor =>
      apply([x], { axis, start, end })[0],
);
