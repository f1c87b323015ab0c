// matmul: matrix product, batched and broadcast by NumPy's rule, with either operand transposed.
//
// Legend: a [..., M, K] (or [..., K, M]), b [..., K, N] (or [..., N, K]) → [..., M, N]; vectors a [K], b [K].
import { ShapeError } from '../../core/errors.ts';
import { formatShape, sameShape, sizeOf, stridesOf, type Shape } from '../../core/shape.ts';
import { assertFloat, assertOptions } from '../../arguments.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { sumTo } from '../binary/sum-to.ts';
import { reshape } from '../move/reshape.ts';
import { launchGemm } from './gemm.ts';

export interface MatmulAttrs {
  transA: boolean;
  transB: boolean;
  /** For the backward pass: a holds gradients, see `Gemm`. */
  gradientA?: boolean;
}

interface Sizes {
  batch: number;
  M: number;
  N: number;
  K: number;
  out: Shape;
  /** The operands as matrices or batches of them: vectors have an axis of one more, axes of one before a matrix fewer. */
  a: Shape;
  b: Shape;
  /** The result with all its axes, those that vectors take away included. */
  full: Shape;
  /** See `Gemm`; undefined where an operand has all items of the batch. */
  itemA?: (batch: string) => string;
  itemB?: (batch: string) => string;
}

/** Which item of an operand with batch axes `own` serves an item of the whole batch. */
function itemOf(own: Shape, lead: Shape): ((batch: string) => string) | undefined {
  if (sizeOf(own) === sizeOf(lead)) return undefined;
  const from = stridesOf(own);
  const to = stridesOf(lead);
  const skipped = lead.length - own.length;
  return (batch) => {
    const terms = own.map((n, axis) =>
      n === 1 ? '' : `(${batch} / ${to[skipped + axis]}u) % ${n}u * ${from[axis]}u`,
    );
    return `(${terms.filter(Boolean).join(' + ') || '0u'})`;
  };
}

export function sizes(a: { shape: Shape }, b: { shape: Shape }, { transA, transB }: MatmulAttrs): Sizes {
  const show = `a ${formatShape(a.shape)}${transA ? 'ᵀ' : ''} · b ${formatShape(b.shape)}${transB ? 'ᵀ' : ''}`;
  const [isRow, isColumn] = [a.shape.length === 1, b.shape.length === 1];
  if (a.shape.length === 0 || b.shape.length === 0)
    throw new ShapeError(`matmul: matrices or vectors are needed: ${show}`);
  if ((isRow && transA) || (isColumn && transB))
    throw new ShapeError(`matmul: a vector is not transposed: ${show}`);
  const left = isRow ? [1, ...a.shape] : a.shape;
  const right = isColumn ? [...b.shape, 1] : b.shape;
  const [am, ak] = transA ? [left.at(-1)!, left.at(-2)!] : [left.at(-2)!, left.at(-1)!];
  const [bk, bn] = transB ? [right.at(-1)!, right.at(-2)!] : [right.at(-2)!, right.at(-1)!];
  if (ak !== bk) throw new ShapeError(`matmul: inner sizes differ: ${show} (${ak} ≠ ${bk})`);
  const [aLead, bLead] = [left.slice(0, -2), right.slice(0, -2)];
  const rank = Math.max(aLead.length, bLead.length);
  const lead = Array.from({ length: rank }, (_, axis) => {
    const [x, y] = [aLead.at(axis - rank) ?? 1, bLead.at(axis - rank) ?? 1];
    if (x !== y && x !== 1 && y !== 1)
      throw new ShapeError(`matmul: batch sizes differ: ${show} (${x} ≠ ${y})`);
    return x === 1 ? y : x;
  });
  const full = [...lead, am, bn];
  const out = [...lead, ...(isRow ? [] : [am]), ...(isColumn ? [] : [bn])];
  const one = { M: am, N: bn, K: ak, out, full };
  // One matrix b serves all rows of a, however these are grouped.
  if (sizeOf(bLead) === 1 && (sizeOf(aLead) === 1 || !transA))
    return { ...one, batch: 1, M: sizeOf(lead) * am, a: left, b: right.slice(-2) };
  return {
    ...one,
    batch: sizeOf(lead),
    a: left,
    b: right,
    itemA: itemOf(aLead, lead),
    itemB: itemOf(bLead, lead),
  };
}

const shaped = (t: Tensor, shape: Shape): Tensor => (sameShape(t.shape, shape) ? t : reshape(t, shape));

const definition: OpDefinition<MatmulAttrs, readonly [Tensor, Tensor]> = {
  name: 'matmul',
  inputs: ['a', 'b'],
  infer([a, b], attrs) {
    assertFloat('matmul', 'a', a);
    assertFloat('matmul', 'b', b);
    return [{ shape: sizes(a, b, attrs).out, dtype: a.dtype === 'f16' && b.dtype === 'f16' ? 'f16' : 'f32' }];
  },
  launch(context, [a, b], [out], attrs) {
    const { batch, M, N, K, itemA, itemB } = sizes(a, b, attrs);
    launchGemm(context, { a, b, out, batch, M, N, K, itemA, itemB, ...attrs });
  },
  vjp({ inputs, attrs, grad, needs }) {
    const { transA, transB } = attrs;
    const s = sizes(...inputs, attrs);
    const [a, b] = [shaped(inputs[0], s.a), shaped(inputs[1], s.b)];
    const g = shaped(grad, s.full);
    const isFlat = b.rank === 2 && a.rank > 2 && !transA;
    const rows = (t: Tensor): Tensor => (isFlat ? reshape(t, [sizeOf(t.shape.slice(0, -1)), t.dim(-1)]) : t);
    const da = transA
      ? (): Tensor => matmul(b, g, { transA: transB, transB: true })
      : (): Tensor => matmul(g, b, { transB: !transB, gradientA: true });
    const db = transB
      ? (): Tensor => matmul(rows(g), rows(a), { transA: true, transB: transA })
      : (): Tensor => matmul(rows(a), rows(g), { transA: !transA });
    return [
      needs[0] ? shaped(sumTo(da(), a.shape), inputs[0].shape) : undefined,
      needs[1] ? shaped(sumTo(db(), b.shape), inputs[1].shape) : undefined,
    ];
  },
};

/**
 * op(a) · op(b), as `torch.matmul`: a [..., M, K] · b [..., K, N] → [..., M, N], where leading axes are batches, broadcast by
 * NumPy's rule without copies. A vector a [K] is a row and b [K] a column, and their axis is missing in the result: two
 * vectors give a scalar. `transA` and `transB` exchange the last two axes of a and b. Sums over nothing (K = 0) are zeros.
 *
 * f32 and f16; the result is f16 where both are. Sums are f32.
 * @throws ShapeError when inner or batch sizes differ. DTypeError for whole numbers.
 * @example
 * matmul(a, b); // [2, 1, 3, 4] · [5, 4, 6] → [2, 5, 3, 6]
 */
export const matmul = defineOp(
  definition,
  (apply) =>
    (a: Tensor, b: Tensor, options: Partial<MatmulAttrs> = {}): Tensor => {
      assertOptions('matmul', options, ['transA', 'transB', 'gradientA']);
      const { transA = false, transB = false, gradientA } = options;
      return apply([a, b], { transA, transB, gradientA })[0];
    },
);
