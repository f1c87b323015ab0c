// The kernels that can compute a piece of a product on an adapter, the one that does on most first.
import { upToPowerOfTwo, type Variant } from '../../core/choices.ts';
import type { LaunchContext } from '../../op.ts';
import type { GemmPiece } from './gemm-piece.ts';
import { laneForms, laneKernel } from './lane-kernel.ts';
import { sliceForms, sliceKernel, suitsSlices } from './slice-kernel.ts';
import { describeForm, matrixFormsFor, type Machine } from './matrix-forms.ts';
import { matrixKernel } from './matrix-kernel.ts';
import { splitSumKernel } from './split-sum.ts';
import { defaultTileForm, tileForms, tileKernel, type TileForm } from './tile-kernel.ts';
import { emptyTensor } from '../../tensor.ts';

export interface ProductVariant extends Variant {
  launch(context: LaunchContext, piece: GemmPiece): void;
}

/** Products that one choice holds for: sizes up to the same powers of two, stored alike. */
export function productKey(p: GemmPiece): string {
  const isOdd = [p.N, p.K, p.lda, p.ldb].some((n) => n % 4 !== 0);
  return [
    `product ${p.transA ? 'T' : 'N'}${p.transB ? 'T' : 'N'}`,
    `${p.a.dtype}·${p.b.dtype}→${p.out.dtype}`,
    `M≤${upToPowerOfTwo(p.M)} N≤${upToPowerOfTwo(p.N)} K≤${upToPowerOfTwo(p.K)}`,
    ...((p.batch ?? 1) > 1 ? ['batched'] : []),
    ...(p.itemA || p.itemB ? ['broadcast'] : []),
    ...(p.gather ? ['gathered'] : []),
    ...(isOdd ? ['odd'] : []),
  ].join(' ');
}

/** Where whole products give fewer workgroups than this, sharing out K may pay. */
const fewGroups = 264;
const shortestSplit = 512;

const tileName = ({ rows, columns, depth, perRows, perColumns }: TileForm): string =>
  `tiles ${rows} × ${columns} × ${depth} by ${perRows} × ${perColumns}`;

const tileVariant = (form: TileForm): ProductVariant => ({
  name: tileName(form),
  launch: (context, p) => context.run(tileKernel(p, form)),
});

const splitVariant = (form: TileForm, count: number): ProductVariant => ({
  name: `${tileName(form)}, K in ${count} shares`,
  launch(context, p) {
    const split = { count, partials: emptyTensor(context.device, [count, p.M, p.N]) };
    context.run(tileKernel(p, form, split));
    context.run(splitSumKernel(p, split));
  },
});

/** The gradient of a convolution's weight: a few rows, and K as long as all images have pixels. */
const isWeightGradient = ({ gather, transA }: GemmPiece): boolean => gather !== undefined && transA === true;

function splitVariants(piece: GemmPiece): ProductVariant[] {
  const { M, N, K, batch = 1, gather, transA } = piece;
  if (batch > 1 || (gather && !transA) || K < shortestSplit) return [];
  const counts = isWeightGradient(piece) ? [32, 8, 2] : [2, 4, 8];
  return tileForms
    .slice(0, 2)
    .filter(({ rows, columns }) => Math.ceil(M / rows) * Math.ceil(N / columns) < fewGroups)
    .flatMap((form) => counts.map((count) => splitVariant(form, count)));
}

export function* productVariants(piece: GemmPiece, device: Machine): Generator<ProductVariant> {
  const { adapter } = device;
  const lanes = function* (): Generator<ProductVariant> {
    for (const form of laneForms(piece, adapter))
      yield { name: form.name, launch: (context, p) => context.run(laneKernel(p, adapter, form)) };
  };
  if (adapter.kind === 'software') {
    // Barriers cost more there than workgroup memory saves.
    yield* lanes();
    return;
  }
  const first = defaultTileForm(piece);
  if (piece.M >= 16 && piece.N >= 16) {
    for (const form of matrixFormsFor(piece, device)) {
      const name = `matrices ${describeForm(form)}`;
      yield { name, launch: (context, p) => context.run(matrixKernel(p, form)) };
    }
    if (isWeightGradient(piece)) yield* splitVariants(piece);
    yield tileVariant(first);
    for (const form of tileForms) if (form !== first) yield tileVariant(form);
    if (!isWeightGradient(piece)) yield* splitVariants(piece);
    yield* lanes();
    return;
  }
  if (suitsSlices(piece)) {
    for (const form of sliceForms)
      yield { name: form.name, launch: (context, p) => context.run(sliceKernel(p, form)) };
  }
  yield* lanes();
  yield tileVariant(first);
  yield* splitVariants(piece);
}
