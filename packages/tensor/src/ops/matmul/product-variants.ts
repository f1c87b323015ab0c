// The kernels that can compute a piece of a product on an adapter, the one that does on most first.
import type { AdapterSummary } from '../../core/adapter.ts';
import type { Variant } from '../../core/choices.ts';
import type { LaunchContext } from '../../op.ts';
import type { GemmPiece } from './gemm.ts';
import { laneForms, laneKernel } from './lane-kernel.ts';
import { sliceForms, sliceKernel, suitsSlices } from './slice-kernel.ts';
import { tileKernel } from './tile-kernel.ts';

export interface ProductVariant extends Variant {
  launch(context: LaunchContext, piece: GemmPiece): void;
}

/** Products that one choice holds for: sizes up to the same powers of two, stored alike. */
export function productKey(p: GemmPiece): string {
  const upTo = (n: number): number => 2 ** Math.ceil(Math.log2(n));
  const isOdd = [p.N, p.K, p.lda, p.ldb].some((n) => n % 4 !== 0);
  return [
    `product ${p.transA ? 'T' : 'N'}${p.transB ? 'T' : 'N'}`,
    `${p.a.dtype}·${p.b.dtype}→${p.out.dtype}`,
    `M≤${upTo(p.M)} N≤${upTo(p.N)} K≤${upTo(p.K)}`,
    ...((p.batch ?? 1) > 1 ? ['batched'] : []),
    ...(p.gather ? ['gathered'] : []),
    ...(isOdd ? ['odd'] : []),
  ].join(' ');
}

export function productVariants(piece: GemmPiece, adapter: AdapterSummary): ProductVariant[] {
  const lanes = laneForms(piece, adapter).map((form): ProductVariant => ({
    name: form.name,
    launch: (context, p) => context.run(laneKernel(p, adapter, form)),
  }));
  // On software adapters barriers cost more than workgroup memory saves.
  if (adapter.kind === 'software') return lanes;
  const tiles: ProductVariant[] = [
    { name: 'tiles 64 × 64', launch: (context, p) => context.run(tileKernel(p)) },
  ];
  if (piece.M >= 16 && piece.N >= 16) return [...tiles, ...lanes];
  const slices = suitsSlices(piece)
    ? sliceForms.map((form): ProductVariant => ({
        name: form.name,
        launch: (context, p) => context.run(sliceKernel(p, form)),
      }))
    : [];
  return [...slices, ...lanes, ...tiles];
}
