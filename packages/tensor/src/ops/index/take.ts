// take, indexSelect, indexAdd: whole entries of an axis by number, and adding entries back.
//
// Legend: x seen as [outer, n, inner] around the axis, J indices.
import { assertTensor } from '../../arguments.ts';
import { DTypeError, ShapeError } from '../../core/errors.ts';
import { formatShape, normaliseAxis, sameShape } from '../../core/shape.ts';
import { defineOp, type CompositeDefinition, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { reshape } from '../move/reshape.ts';
import { around, resized } from '../move/slice.ts';
import { movedim } from '../move/transpose.ts';
import { addRows } from './add-rows.ts';
import { fromStart, indexTensor, type IndexLike } from './place.ts';
import { launchTake, type TakeAttrs } from './take-kernel.ts';

const definition: OpDefinition<TakeAttrs, readonly [Tensor, Tensor]> = {
  name: 'take',
  inputs: ['x', 'index'],
  infer: ([x, index], { axis }) => [{ shape: x.shape.toSpliced(axis, 1, ...index.shape), dtype: x.dtype }],
  launch: launchTake,
  folds: [0],
  vjp({ inputs: [x, index], attrs: { axis }, grad, partials }) {
    const { outer, n, inner } = around(x.shape, axis);
    const ids = fromStart(reshape(index, [index.size]), n);
    if (outer === 1) {
      const partial = partials[0] && reshape(partials[0], [n, inner]);
      return [reshape(addRows(ids, reshape(grad, [index.size, inner]), n, partial), x.shape), undefined];
    }
    const rows = reshape(movedim(reshape(grad, [outer, index.size, inner]), 1, 0), [
      index.size,
      outer * inner,
    ]);
    const partial =
      partials[0] && reshape(movedim(reshape(partials[0], [outer, n, inner]), 1, 0), [n, outer * inner]);
    const table = reshape(addRows(ids, rows, n, partial), [n, outer, inner]);
    return [reshape(movedim(table, 0, 1), x.shape), undefined];
  },
};

/**
 * Entries of `axis` by number, in the shape of `index`: [..., n, ...] and index [i, j] → [..., i, j, ...] (NumPy's `take`,
 * ONNX's Gather). Without an axis elements of the whole tensor, as in PyTorch. Any dtype. An i32 index below 0 counts from the
 * end; one outside gives NaN (0 for integers) and gets no gradient; a list of numbers is checked.
 * @example
 * x.take([0, -1], { axis: 1 }); // first and last of each row
 */
export const take = defineOp(
  definition,
  (apply) =>
    (x: Tensor, index: IndexLike, { axis }: { axis?: number } = {}): Tensor => {
      assertTensor('take', 'x', x);
      const source = axis === undefined ? reshape(x, [x.size]) : x;
      const at = axis === undefined ? 0 : normaliseAxis('take', axis, x.rank);
      return apply([source, indexTensor('take', x.device, index, source.shape[at])], { axis: at })[0];
    },
);

/**
 * The entries of `axis` that the vector `index` names, in its order: PyTorch's index_select. See {@link take}.
 * @example
 * x.indexSelect(0, [2, 0]); // rows 2 and 0
 */
export function indexSelect(x: Tensor, axis: number, index: IndexLike): Tensor {
  assertTensor('indexSelect', 'x', x);
  const at = normaliseAxis('indexSelect', axis, x.rank);
  const list = indexTensor('indexSelect', x.device, index, x.shape[at]);
  if (list.rank !== 1)
    throw new ShapeError(`indexSelect: index is ${formatShape(list.shape)}, but a vector is wanted`);
  return take(x, list, { axis: at });
}

const addDefinition: CompositeDefinition<{ axis: number }, readonly [Tensor, Tensor, Tensor]> = {
  name: 'indexAdd',
  inputs: ['x', 'index', 'source'],
  compose([x, index, source], { axis }) {
    const n = x.shape[axis];
    if (x.dtype !== source.dtype)
      throw new DTypeError(`indexAdd: source is ${source.dtype}, but ${x.dtype} as of x is wanted`);
    if (index.rank !== 1 || !sameShape(source.shape, resized(x.shape, axis, index.size)))
      throw new ShapeError(
        `indexAdd: x ${formatShape(x.shape)} · index ${formatShape(index.shape)} · source ${formatShape(source.shape)}: ` +
          `a vector and as many entries of axis ${axis} are wanted`,
      );
    const first = axis === 0 ? x : movedim(x, axis, 0);
    const C = x.size === 0 ? 0 : x.size / n;
    const rows = reshape(axis === 0 ? source : movedim(source, axis, 0), [index.size, C]);
    const sum = addRows(fromStart(index, n), rows, n, reshape(first, [n, C]));
    const out = reshape(sum, first.shape);
    return [axis === 0 ? out : movedim(out, 0, axis)];
  },
};

/**
 * `x` with the entries of `source` added to those of `axis` that `index` names, each sum in the order of the index, the same on
 * every run. Indices outside add nothing (see {@link take}).
 * @throws ShapeError when `source` is not like `x` with as many entries of the axis as there are indices.
 * @example
 * sums.indexAdd(0, group, rows); // rows [N, C] added up by group [N]
 */
export const indexAdd = defineOp(
  addDefinition,
  (apply) =>
    (x: Tensor, axis: number, index: IndexLike, source: Tensor): Tensor => {
      assertTensor('indexAdd', 'x', x);
      const at = normaliseAxis('indexAdd', axis, x.rank);
      return apply([x, indexTensor('indexAdd', x.device, index, x.shape[at]), source], { axis: at })[0];
    },
);
