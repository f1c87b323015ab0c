// stack joins tensors along a new axis; split, chunk and unbind take them apart.
import { assertNumber, assertTensor, show } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape, normaliseAxis, sameShape } from '../../core/shape.ts';
import { defineOp, type CompositeDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { concat } from './concat.ts';
import { select, slice } from './slice.ts';
import { unsqueeze } from './views.ts';

const definition: CompositeDefinition<{ axis: number }> = {
  name: 'stack',
  compose(tensors, { axis }) {
    const [first] = tensors;
    if (!tensors.every(({ shape }) => sameShape(shape, first.shape)))
      throw new ShapeError(
        `stack: shapes differ: ${tensors.map(({ shape }) => formatShape(shape)).join(' · ')}`,
      );
    return [
      concat(
        tensors.map((t) => unsqueeze(t, axis)),
        { axis },
      ),
    ];
  },
};

/**
 * Tensors of one shape along a new axis, `axis` of the result (default 0); any dtype.
 * @throws ShapeError when shapes differ.
 * @example
 * stack([red, green, blue], { axis: 1 }); // 3 × [N, H, W] → [N, 3, H, W]
 */
export const stack = defineOp(
  definition,
  (apply) =>
    (tensors: readonly Tensor[], { axis = 0 }: { axis?: number } = {}): Tensor => {
      if (tensors.length === 0) throw new ShapeError('stack: no tensors given');
      return apply(tensors, { axis })[0];
    },
);

/**
 * Pieces along `axis` (default 0): of `sizes` entries each, where the last may be smaller, or of the sizes in a list. Copies.
 * @throws ShapeError when listed sizes do not make up the axis.
 * @example
 * const [q, k, v] = qkv.split(C, { axis: -1 }); // [B, T, 3C] → 3 × [B, T, C]
 */
export function split(
  x: Tensor,
  sizes: number | readonly number[],
  { axis = 0 }: { axis?: number } = {},
): Tensor[] {
  assertTensor('split', 'x', x);
  const at = normaliseAxis('split', axis, x.rank);
  const n = x.shape[at];
  if (typeof sizes === 'number') {
    assertNumber('split', 'sizes', sizes, { integer: true, min: 1 });
    const pieces = Math.max(1, Math.ceil(n / sizes));
    return Array.from({ length: pieces }, (_, i) =>
      slice(x, { axis: at, start: i * sizes, end: Math.min(n, (i + 1) * sizes) }),
    );
  }
  const total = sizes.reduce((a, b) => a + b, 0);
  if (total !== n || sizes.some((size) => !Number.isInteger(size) || size < 0))
    throw new ShapeError(
      `split: sizes are ${show(sizes)}, together ${total}, but axis ${axis} of ${formatShape(x.shape)} has ${n} entries`,
    );
  let end = 0;
  return sizes.map((size) => {
    const start = end;
    end += size;
    return slice(x, { axis: at, start, end });
  });
}

/**
 * At most `chunks` pieces along `axis` (default 0), of ⌈n / chunks⌉ entries each but the last, as in PyTorch. Copies.
 * @example
 * const [mean, logVariance] = hidden.chunk(2, { axis: -1 });
 */
export function chunk(x: Tensor, chunks: number, { axis = 0 }: { axis?: number } = {}): Tensor[] {
  assertTensor('chunk', 'x', x);
  assertNumber('chunk', 'chunks', chunks, { integer: true, min: 1 });
  const n = x.shape[normaliseAxis('chunk', axis, x.rank)];
  return split(x, Math.max(1, Math.ceil(n / chunks)), { axis });
}

/** All entries of `axis` (default 0), each without that axis. Copies. */
export function unbind(x: Tensor, axis = 0): Tensor[] {
  assertTensor('unbind', 'x', x);
  const at = normaliseAxis('unbind', axis, x.rank);
  return Array.from({ length: x.shape[at] }, (_, i) => select(x, at, i));
}
