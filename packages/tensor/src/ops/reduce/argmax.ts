// argmax and argmin: where the largest or smallest value along an axis, or of all, stands; of equal values the first.
import { ShapeError } from '../../core/errors.ts';
import { formatShape, normaliseAxis, sizeOf, type Shape } from '../../core/shape.ts';
import { isFloat } from '../../dtype/dtype.ts';
import { loadedType, orderKey } from '../../kernel/order-keys.ts';
import { runWindowedRows } from '../../kernel/windowed-rows.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { defineOp, type Op, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { reduceOptions } from './axes.ts';

export interface ArgmaxAttrs {
  /** Undefined: over all elements. */
  axis?: number;
  keepDim?: boolean;
}

/** Lanes agree on the largest key, and on the smallest index that has it. */
export const indexFolds = {
  highestKey: { type: 'u32', combine: 'max(x, y)' },
  lowestIndex: { type: 'u32', combine: 'min(x, y)' },
} as const;

export function split(
  op: string,
  shape: Shape,
  { axis, keepDim = false }: ArgmaxAttrs,
): { rows: number; length: number; stride: number; out: number[] } {
  if (axis === undefined)
    return { rows: 1, length: sizeOf(shape), stride: 1, out: keepDim ? shape.map(() => 1) : [] };
  const at = normaliseAxis(op, axis, shape.length);
  const kept = shape.filter((_, i) => i !== at);
  const out = keepDim ? shape.map((n, i) => (i === at ? 1 : n)) : kept;
  return { rows: sizeOf(kept), length: shape[at], stride: sizeOf(shape.slice(at + 1)), out };
}

type ArgmaxSignature = (x: Tensor, axis?: number | ArgmaxAttrs, options?: ArgmaxAttrs) => Tensor;

function defineArgmax(name: 'argmax' | 'argmin'): Op<ArgmaxSignature> {
  const definition: OpDefinition<ArgmaxAttrs, readonly [Tensor]> = {
    name,
    inputs: ['x'],
    infer([x], attrs) {
      const { rows, length, out } = split(name, x.shape, attrs);
      if (length === 0 && rows > 0)
        throw new ShapeError(`${name}: nothing to choose from in ${formatShape(x.shape)}`);
      return [{ shape: out, dtype: 'u32' }];
    },
    launch(context, [x], [out], attrs) {
      const { rows, length, stride } = split(name, x.shape, attrs);
      // The smallest value has the largest key, but NaN wins either way.
      const key =
        name === 'argmax'
          ? 'orderKey(v)'
          : isFloat(x.dtype)
            ? 'select(~orderKey(v), 0xffffffffu, orderKey(v) == 0xffffffffu)'
            : '~orderKey(v)';
      runWindowedRows(context, {
        rows,
        length,
        stride,
        scalar: true,
        read: { x },
        write: { out },
        folds: indexFolds,
        flops: x.size,
        code: wgsl`${orderKey(x.dtype)}
fn row(r: u32, lane: u32) {
  let base = baseOf(r);
  var best = 0u;
  var at = 0xffffffffu;
  for (var c = lane; c < N; c += LANES) {
    let v = ${loadedType(x.dtype)}(x[base + c * STEP]);
    let key = ${key};
    if (key > best || at == 0xffffffffu) {
      best = key;
      at = c;
    }
  }
  let top = highestKey(lane, best);
  let first = lowestIndex(lane, select(0xffffffffu, at, best == top));
  if (lane == 0u) { out[r] = first; }
}`,
      });
    },
  };
  return defineOp(
    definition,
    (apply): ArgmaxSignature =>
      (x, axis, options) =>
        apply([x], reduceOptions<ArgmaxAttrs>(name, axis, options))[0],
  );
}

/**
 * u32 indices of the largest values along `axis`, which vanishes from the shape unless `keepDim`; without an axis, the place of
 * the largest of all elements. Ties go to the lowest index, a NaN counts as the largest. Any dtype; not differentiable.
 * @example
 * argmax(x, -1); // [B, C] → [B]
 */
export const argmax = defineArgmax('argmax');

/** As {@link argmax}, of the smallest values; a NaN counts as the smallest. */
export const argmin = defineArgmax('argmin');
