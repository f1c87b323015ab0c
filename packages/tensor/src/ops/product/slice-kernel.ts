// Matrix product with few rows for GPUs, such as a step of decoding: a workgroup owns a few columns of C and cuts K into
// slices that its invocations sum side by side, since a walk along K by one invocation would leave the memory idle.
//
// Legend: a unit is what an invocation sums at once, 4 columns of B [K, N] where they lie together, else one column;
// k counts steps of DEPTH along K. Slice s takes the steps s, s + SLICES, …; the sums of slices are added in a tree.
import type { Variant } from '../../core/choices.ts';
import { aligned, window, type KernelSpec } from '../../kernel/kernel.ts';
import { repeat, wgsl } from '../../kernel/wgsl.ts';
import { epilogue } from './epilogue.ts';
import type { GemmPiece } from './gemm-piece.ts';

const workgroupSize = 256;
const mostRows = 8;

export interface SliceForm extends Variant {
  /** A power of two; a workgroup owns 256/SLICES units. */
  slices: number;
}

export const sliceForms: readonly SliceForm[] = [32, 16, 64].map((slices) => ({
  name: `slices ${slices}`,
  slices,
}));

/** Few rows of a stored A, and enough along K to cut. */
export const suitsSlices = ({ M, K, transA, gather }: GemmPiece): boolean =>
  M <= mostRows && K >= 128 && !transA && !gather;

/** @param p one that {@link suitsSlices} */
export function sliceKernel(p: GemmPiece, { slices }: SliceForm): KernelSpec {
  const { M, N, K, lda, ldb, ldc, transB = false, batch = 1 } = p;
  const itemA = p.itemA?.('batch') ?? 'batch';
  const itemB = p.itemB?.('batch') ?? 'batch';
  const isWide = !transB && aligned(N, ldb, ldc, p.column);
  const depth = transB && aligned(K, lda, ldb, p.aOffset) ? 4 : 1;
  const vec = isWide ? 4 : 1;
  const units = N / vec;
  const unitsPerGroup = workgroupSize / slices;
  const blocks = Math.ceil(units / unitsPerGroup);
  const tail = epilogue(p, vec);
  const eachRow = (piece: (r: number) => string): string => repeat(M, piece);
  const vectorOf = (width: number): string => (width === 4 ? 'vec4f' : 'f32');
  const sliceStride = transB ? 1 : unitsPerGroup;
  const bAt = transB ? `bBase + k` : `bBase + k * ${ldb / vec}u`;
  return {
    name: p.name ?? `matmul N${transB ? 'T' : 'N'}`,
    read: {
      a: window(p.a, ...p.aWindow, depth),
      b: window(p.b, ...p.bWindow, isWide ? 4 : depth),
      ...tail.read,
    },
    write: tail.write,
    groups: batch * blocks,
    workgroupSize,
    flops: 2 * batch * M * N * K,
    code: wgsl`
alias V = ${vectorOf(vec)};
${tail.code}
var<workgroup> partial: array<V, ${workgroupSize}>;
fn group(g: u32, lane: u32) {
  let batch = g / ${blocks}u;
  ${
    // Neighbouring invocations load neighbouring addresses, whichever way B lies.
    transB
      ? `let slice = lane % ${slices}u;\n  let place = lane / ${slices}u;`
      : `let place = lane % ${unitsPerGroup}u;\n  let slice = lane / ${unitsPerGroup}u;`
  }
  let unit = (g % ${blocks}u) * ${unitsPerGroup}u + place;
  let u = min(unit, ${units - 1}u);
  let aBase = ${itemA} * ${(M * lda) / depth}u + ${p.aOffset / depth}u;
  let bBase = ${itemB} * ${((transB ? N : K) * ldb) / (isWide ? 4 : depth)}u + u${transB ? ` * ${ldb / depth}u` : ''};
  ${eachRow((r) => `var s${r} = V();`)}
  for (var k = slice; k < ${K / depth}u; k += ${slices}u) {
    let bv = ${vectorOf(isWide ? 4 : depth)}(b[${bAt}]);
    ${eachRow((r) => {
      const a = `${vectorOf(depth)}(a[aBase + ${(r * lda) / depth}u + k])`;
      return depth === 4 ? `s${r} += dot(${a}, bv);` : `s${r} = fma(V(${a}), bv, s${r});`;
    })}
  }
  var sums = array<V, ${M}>(${Array.from({ length: M }, (_, r) => `s${r}`).join(', ')});
  for (var r = 0u; r < ${M}u; r++) {
    partial[lane] = sums[r];
    workgroupBarrier();
    for (var half = ${slices / 2}u; half > 0u; half /= 2u) {
      if (slice < half) { partial[lane] += partial[lane + half * ${sliceStride}u]; }
      workgroupBarrier();
    }
    if (slice == 0u && unit < ${units}u) {
      finish(batch * ${(M * ldc) / vec}u + ${p.column / vec}u + r * ${ldc / vec}u + unit, unit, partial[lane]);
    }
    workgroupBarrier();
  }
}`,
  };
}
