// matmul: matrix product, optionally batched and with either operand transposed.
//
// Legend: a [..., M, K] (or [..., K, M]), b [..., K, N] or [K, N] (or transposed) → [..., M, N].
import { ShapeError } from '../../core/errors.ts';
import { formatShape, sameShape, sizeOf } from '../../core/shape.ts';
import { assertFloat } from '../../arguments.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { asRows } from '../move/reshape.ts';
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
  out: number[];
}

export function sizes(
  a: { shape: readonly number[] },
  b: { shape: readonly number[] },
  { transA, transB }: MatmulAttrs,
): Sizes {
  const show = `a ${formatShape(a.shape)}${transA ? 'ᵀ' : ''} · b ${formatShape(b.shape)}${transB ? 'ᵀ' : ''}`;
  if (a.shape.length < 2 || b.shape.length < 2) throw new ShapeError(`matmul: matrices are needed: ${show}`);
  const [am, ak] = transA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
  const [bk, bn] = transB ? [b.shape.at(-1)!, b.shape.at(-2)!] : [b.shape.at(-2)!, b.shape.at(-1)!];
  if (ak !== bk) throw new ShapeError(`matmul: inner sizes differ: ${show} (${ak} ≠ ${bk})`);
  const lead = a.shape.slice(0, -2);
  const out = [...lead, am, bn];
  if (b.shape.length === 2 && (lead.length === 0 || !transA)) {
    return { batch: 1, M: sizeOf(lead) * am, N: bn, K: ak, out };
  }
  if (!sameShape(lead, b.shape.slice(0, -2))) throw new ShapeError(`matmul: batch sizes differ: ${show}`);
  return { batch: sizeOf(lead), M: am, N: bn, K: ak, out };
}

const definition: OpDefinition<MatmulAttrs, readonly [Tensor, Tensor]> = {
  name: 'matmul',
  inputs: ['a', 'b'],
  infer([a, b], attrs) {
    assertFloat('matmul', 'a', a);
    assertFloat('matmul', 'b', b);
    return [{ shape: sizes(a, b, attrs).out, dtype: a.dtype === 'f16' && b.dtype === 'f16' ? 'f16' : 'f32' }];
  },
  launch(context, [a, b], [out], attrs) {
    const { batch, M, N, K } = sizes(a, b, attrs);
    launchGemm(context, { a, b, out, batch, M, N, K, ...attrs });
  },
  vjp({ inputs: [a, b], attrs: { transA, transB }, grad: g, needs }) {
    const flat = b.rank === 2 && a.rank > 2;
    const rows = (t: Tensor): Tensor => (flat ? asRows(t) : t);
    const da = transA
      ? (): Tensor => matmul(b, g, { transA: transB, transB: true })
      : (): Tensor => matmul(g, b, { transB: !transB, gradientA: true });
    const db = transB
      ? (): Tensor => matmul(rows(g), rows(a), { transA: true, transB: transA })
      : (): Tensor => matmul(rows(a), rows(g), { transA: !transA });
    return [needs[0] ? da() : undefined, needs[1] ? db() : undefined];
  },
};

/**
 * op(a) · op(b). Leading axes are batches: equal on both sides, or absent in `b`.
 * @throws ShapeError when inner or batch sizes differ.
 */
export const matmul = defineOp(
  definition,
  (apply) =>
    (
      a: Tensor,
      b: Tensor,
      { transA = false, transB = false, gradientA }: Partial<MatmulAttrs> = {},
    ): Tensor =>
      apply([a, b], { transA, transB, gradientA })[0],
);
