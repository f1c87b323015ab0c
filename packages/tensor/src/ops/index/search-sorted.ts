// searchSorted and bucketize: where values belong in rising rows.
import { assertOptions, assertTensor } from '../../arguments.ts';
import { DTypeError, ShapeError } from '../../core/errors.ts';
import { formatShape, sameShape } from '../../core/shape.ts';
import { isFloat } from '../../dtype/dtype.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

export interface SearchSortedAttrs {
  right: boolean;
}

const definition: OpDefinition<SearchSortedAttrs, readonly [Tensor, Tensor]> = {
  name: 'searchSorted',
  inputs: ['sorted', 'values'],
  infer([sorted, values]) {
    const isShared = sorted.rank === 1;
    if (
      sorted.rank === 0 ||
      (!isShared && (values.rank === 0 || !sameShape(sorted.shape.slice(0, -1), values.shape.slice(0, -1))))
    )
      throw new ShapeError(
        `searchSorted: sorted ${formatShape(sorted.shape)} · values ${formatShape(values.shape)}: ` +
          `one row for all values, or rows for rows are wanted`,
      );
    if (sorted.dtype !== values.dtype && !(isFloat(sorted.dtype) && isFloat(values.dtype)))
      throw new DTypeError(`searchSorted: sorted is ${sorted.dtype}, but values are ${values.dtype}`);
    return [{ shape: values.shape, dtype: 'u32' }];
  },
  launch({ run }, [sorted, values], [out], { right }) {
    const n = sorted.dim(-1);
    const perRow = sorted.rank === 1 ? out.size : values.dim(-1);
    const type = isFloat(sorted.dtype) ? 'f32' : sorted.dtype;
    run({
      read: { sorted, values },
      write: { out },
      consts: { N: n, PER: Math.max(1, perRow) },
      threads: out.size,
      code: wgsl`fn thread(i: u32) {
        let base = (i / PER) * N;
        let v = ${type}(values[i]);
        var low = 0u;
        var high = N;
        while (low < high) {
          let middle = (low + high) / 2u;
          if (${type}(sorted[base + middle]) ${right ? '<=' : '<'} v) { low = middle + 1u; } else { high = middle; }
        }
        out[i] = low;
      }`,
    });
  },
};

/**
 * Where each value would have to stand in the rising row `sorted` [n] to keep it rising, u32 of the values' shape, or of values
 * [..., m] each in its row of sorted [..., n]. In front of equal entries, with `right` behind them.
 * @example
 * searchSorted(tensor(device, [1, 3, 5]), tensor(device, [3, 9])); // [1, 3]
 */
export const searchSorted = defineOp(
  definition,
  (apply) =>
    (sorted: Tensor, values: Tensor, options: { right?: boolean } = {}): Tensor => {
      assertOptions('searchSorted', options, ['right']);
      return apply([sorted, values], { right: options.right ?? false })[0];
    },
);

/** The number of the bucket between rising `boundaries` [n] that each element of `x` lies in: {@link searchSorted} turned round. */
export function bucketize(x: Tensor, boundaries: Tensor, options: { right?: boolean } = {}): Tensor {
  assertTensor('bucketize', 'x', x);
  return searchSorted(boundaries, x, options);
}
