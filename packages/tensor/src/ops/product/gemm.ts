// One general matrix product for every op: C = epilogue(op(A) · op(B)), batched, in windows where a matrix
// is over the binding limit. Several kernels stand behind it: rows-by-lanes for software adapters, workgroup tiles,
// slices for few rows, and subgroup matrices where the factors are f16, for GPUs (product-variants.ts).
//
// Legend: C [M, N] = op(A) [M, K] · op(B) [K, N]; LD* is a row's length in memory.
import type { LaunchContext } from '../../op.ts';
import type { KernelSpec } from '../../kernel/kernel.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { rowBytes, rowWindows } from '../../kernel/windows.ts';
import { bytesPerElement } from '../../dtype/dtype.ts';
import { epilogue } from './epilogue.ts';
import type { Gemm, GemmPiece } from './gemm-piece.ts';
import { productKey, productVariants } from './product-variants.ts';

const wholeOf = (total: number): [number, number][] => [[0, total]];

/** Launches the product. Pieces are needed only when a matrix is over the binding limit. */
export function launchGemm(context: LaunchContext, gemm: Gemm): void {
  const { a, b, out, M, N, K, transA = false, transB = false, batch = 1 } = gemm;
  if (M === 0 || N === 0 || batch === 0) return;
  const limit = context.device.bindingLimit;
  if (gemm.itemA || gemm.itemB) {
    // Operands that are broadcast are bound whole.
    launchPiece(context, wholePiece(gemm, 0, batch));
    return;
  }
  if (batch > 1) {
    const perItem = [rowBytes(a, batch), rowBytes(b, batch), rowBytes(out, batch)];
    for (const [first, count] of rowWindows(limit, batch, perItem)) {
      launchPiece(context, wholePiece(gemm, first, count));
    }
    return;
  }
  const [aWidth, bWidth, cWidth] = [a, b, out].map((t) => bytesPerElement[t.dtype]);
  const rows = rowWindows(limit, M, transA ? [N * cWidth] : [N * cWidth, K * aWidth]);
  const columns = transB ? rowWindows(limit, N, [K * bWidth]) : wholeOf(N);
  // In TT a window of B starts at column k, which must be aligned as well: hence one element.
  const perDepth = [...(transA ? [M * aWidth] : []), transB ? bWidth : N * bWidth];
  const depths = transA || !transB ? rowWindows(limit, K, perDepth) : wholeOf(K);
  for (const [m, mSize] of rows) {
    for (const [n, nSize] of columns) {
      for (const [k, kSize] of depths) {
        launchPiece(context, {
          ...wholePiece(gemm, 0, 1),
          M: mSize,
          N: nSize,
          K: kSize,
          aWindow: transA ? [k * M, kSize * M] : [m * K, mSize * K],
          aOffset: transA ? m : k,
          bWindow: transB ? [n * K + k, nSize * K - k] : [k * N, kSize * N],
          cWindow: [m * N, mSize * N],
          column: n,
          accumulate: k > 0 || gemm.accumulate === true,
          finish: k + kSize === K,
        });
      }
    }
  }
}

/** Batch items `first` … `first + count − 1` of a product, each as a whole. */
export function wholePiece(gemm: Gemm, first: number, count: number): GemmPiece {
  const { M, N, K, transA = false, transB = false } = gemm;
  return {
    ...gemm,
    transA,
    transB,
    batch: count,
    lda: transA ? M : K,
    ldb: transB ? K : N,
    ldc: N,
    aWindow: gemm.itemA ? [0, gemm.a.size] : [first * M * K, count * M * K],
    aOffset: 0,
    bWindow: gemm.itemB ? [0, gemm.b.size] : [first * K * N, count * K * N],
    cWindow: [first * M * N, count * M * N],
    column: 0,
    accumulate: gemm.accumulate === true,
    finish: true,
  };
}

/** Launches one piece with the kernel that suits it, or that a tuner has found the fastest. */
export function launchPiece(context: LaunchContext, piece: GemmPiece): void {
  if (piece.K === 0) {
    context.run(emptySumKernel(piece));
    return;
  }
  const { choices } = context.device;
  choices.pick(() => productKey(piece), productVariants(piece, context.device)).launch(context, piece);
}

/** The product over nothing: zeros through the epilogue. */
function emptySumKernel(piece: GemmPiece): KernelSpec {
  const { code, ...bindings } = epilogue(piece, 1);
  return {
    name: piece.name ?? 'matmul',
    ...bindings,
    threads: piece.cWindow[1],
    code: wgsl`alias V = f32;
${code}
fn thread(i: u32) { finish(i, i % ${piece.N}u, 0.0f); }`,
  };
}
