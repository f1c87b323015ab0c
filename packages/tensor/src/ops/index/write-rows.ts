// writeRows: puts new rows into a cache in place, at a position the GPU knows (keys and values of a decoder).
//
// Legend: B batch, Tmax rows of the cache, T new rows, C channels; x [B, T, W] may be wider (packed q, k, v).
import { DTypeError, ShapeError, TensorError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import { window } from '../../kernel/kernel.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { assertFloat, assertSizes } from '../../arguments.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

export interface WriteRowsAttrs {
  /** First column of x. */
  column: number;
}

const definition: OpDefinition<WriteRowsAttrs, readonly [Tensor, Tensor, Tensor]> = {
  name: 'writeRows',
  inputs: ['cache', 'x', 'position'],
  isInPlace: true,
  infer([cache, x, position], { column }, needs) {
    assertFloat('writeRows', 'cache', cache);
    assertFloat('writeRows', 'x', x);
    const show = `cache ${formatShape(cache.shape)} · x ${formatShape(x.shape)}`;
    const [B, , C] = cache.shape;
    if (cache.rank !== 3 || x.rank !== 3 || x.shape[0] !== B) {
      throw new ShapeError(`writeRows: [B, Tmax, C] and [B, T, W] with equal B are needed: ${show}`);
    }
    if (!Number.isInteger(column) || column < 0 || column + C > x.shape[2]) {
      throw new ShapeError(`writeRows: x has no columns ${column} to ${column + C}: ${show}`);
    }
    if (position.dtype !== 'u32')
      throw new DTypeError(`writeRows: position is ${position.dtype}, but u32 is needed`);
    assertSizes('writeRows', 'the size of position', position.size, 1);
    if (needs.includes(true)) {
      throw new TensorError(
        'writeRows: gradients do not pass through a cache; generate inside noGrad, or concat instead',
      );
    }
    return [{ shape: cache.shape, dtype: cache.dtype }];
  },
  launch({ run }, [, x, position], [cache], { column }) {
    const [B, Tmax, C] = cache.shape;
    const [, T, W] = x.shape;
    const vec = [C, W, column].every((n) => n % 4 === 0) ? 4 : 1;
    run({
      read: { x: window(x, 0, x.size, vec), position },
      write: { cache: window(cache, 0, cache.size, vec) },
      threads: cache.size === 0 ? 0 : (B * T * C) / vec,
      code: wgsl`fn thread(i: u32) {
        let c = i % ${C / vec}u;
        let row = i / ${C / vec}u;
        let t = position[0] + row % ${T}u;
        if (t < ${Tmax}u) {
          cache[(row / ${T}u * ${Tmax}u + t) * ${C / vec}u + c] = cache_t(x[row * ${W / vec}u + ${column / vec}u + c]);
        }
      }`,
    });
  },
};

/**
 * Writes x [B, T, W] into rows position[0] … position[0] + T − 1 of each batch of `cache` [B, Tmax, C], in
 * place, and returns the cache. Columns `column` … `column` + C − 1 of x are taken (default: from 0); rows
 * past the end of the cache are left out. Not differentiable.
 */
export const writeRows = defineOp(
  definition,
  (apply) =>
    (cache: Tensor, x: Tensor, position: Tensor, { column = 0 }: { column?: number } = {}): Tensor =>
      apply([cache, x, position], { column })[0],
);
