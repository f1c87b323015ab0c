// matmul: matrix product, optionally batched and with either operand transposed.
//
// Legend: a [..., M, K] (or [..., K, M]), b [..., K, N] or [K, N] (or transposed) → [..., M, N].
import { ShapeError } from '../../core/errors.ts';
import { formatShape, sameShape, sizeOf } from '../../core/shape.ts';
import { assertFloat, defineOp, type OpDefinition, type RefArray } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
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

function sizes(
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
    const rows = (t: Tensor): Tensor => (flat ? t.reshape([-1, t.dim(-1)]) : t);
    const da = transA
      ? (): Tensor => matmul(b, g, { transA: transB, transB: true })
      : (): Tensor => matmul(g, b, { transB: !transB, gradientA: true });
    const db = transB
      ? (): Tensor => matmul(rows(g), rows(a), { transA: true, transB: transA })
      : (): Tensor => matmul(rows(a), rows(g), { transA: !transA });
    return [needs[0] ? da() : undefined, needs[1] ? db() : undefined];
  },
  reference: ([a, b], attrs) => [{ shape: sizes(a, b, attrs).out, data: matmulRef(a, b, attrs) }],
  samples: [
    { inputs: [{ shape: [4, 8] }, { shape: [8, 12] }], attrs: { transA: false, transB: false } },
    { inputs: [{ shape: [5, 3] }, { shape: [3, 7] }], attrs: { transA: false, transB: false } },
    { inputs: [{ shape: [9, 8] }, { shape: [33, 8] }], attrs: { transA: false, transB: true } },
    { inputs: [{ shape: [5, 7] }, { shape: [3, 7] }], attrs: { transA: false, transB: true } },
    { inputs: [{ shape: [16, 12] }, { shape: [16, 20] }], attrs: { transA: true, transB: false } },
    { inputs: [{ shape: [7, 5] }, { shape: [7, 3] }], attrs: { transA: true, transB: false } },
    { inputs: [{ shape: [8, 5] }, { shape: [6, 8] }], attrs: { transA: true, transB: true } },
    { inputs: [{ shape: [2, 3, 4] }, { shape: [2, 4, 5] }], attrs: { transA: false, transB: false } },
    { inputs: [{ shape: [2, 3, 4] }, { shape: [2, 5, 4] }], attrs: { transA: false, transB: true } },
    { inputs: [{ shape: [2, 8, 4] }, { shape: [2, 8, 8] }], attrs: { transA: true, transB: false } },
    { inputs: [{ shape: [2, 3, 4] }, { shape: [4, 6] }], attrs: { transA: false, transB: false } },
    { inputs: [{ shape: [1, 1] }, { shape: [1, 1] }], attrs: { transA: false, transB: false } },
    { inputs: [{ shape: [0, 4] }, { shape: [4, 3] }], attrs: { transA: false, transB: false } },
    {
      name: 'edges',
      inputs: [{ shape: [17, 20] }, { shape: [20, 140] }],
      attrs: { transA: false, transB: false },
      checkGrad: [],
    },
    {
      name: 'bands of 13 rows',
      inputs: [{ shape: [50, 8] }, { shape: [8, 64] }],
      attrs: { transA: false, transB: false },
      checkGrad: [],
    },
    {
      name: 'bands of 10 rows TN',
      inputs: [{ shape: [2, 8, 20] }, { shape: [2, 8, 72] }],
      attrs: { transA: true, transB: false },
      checkGrad: [],
    },
    {
      name: 'blocks of B',
      inputs: [{ shape: [19, 12] }, { shape: [44, 12] }],
      attrs: { transA: false, transB: true },
      checkGrad: [],
    },
    {
      name: 'blocks of B, one row deep',
      inputs: [{ shape: [2, 16, 7] }, { shape: [2, 36, 7] }],
      attrs: { transA: false, transB: true },
      checkGrad: [],
    },
    {
      name: 'blocks of B, both turned',
      inputs: [{ shape: [8, 17] }, { shape: [20, 8] }],
      attrs: { transA: true, transB: true },
      checkGrad: [],
    },
    {
      name: 'edges NT',
      inputs: [{ shape: [70, 36] }, { shape: [67, 36] }],
      attrs: { transA: false, transB: true },
      checkGrad: [],
    },
  ],
};

/** The product in float64, for references of this op and those built on it. */
export function matmulRef(a: RefArray, b: RefArray, attrs: MatmulAttrs): Float64Array {
  const { batch, M, N, K } = sizes(a, b, attrs);
  const out = new Float64Array(batch * M * N);
  for (let s = 0; s < batch; s++) {
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        let total = 0;
        for (let k = 0; k < K; k++) {
          const x = a.data[s * M * K + (attrs.transA ? k * M + m : m * K + k)];
          total += x * b.data[s * K * N + (attrs.transB ? n * K + k : k * N + n)];
        }
        out[(s * M + m) * N + n] = total;
      }
    }
  }
  return out;
}

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
