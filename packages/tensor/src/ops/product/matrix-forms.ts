// Which products may run on subgroup matrices, and in which tiles.
import { fixedSubgroup, type AdapterSummary, type SubgroupMatrix } from '../../core/adapter.ts';
import type { GemmPiece } from './gemm-piece.ts';

/** A configuration that products use. */
export interface FloatMatrix extends SubgroupMatrix {
  component: 'f16' | 'f32';
  result: 'f32';
}

/** How a product is cut up for subgroup matrices. A workgroup is 2 × 2 subgroups, each with a block of fragments. */
export interface MatrixForm {
  config: FloatMatrix;
  subgroupSize: number;
  /** What one subgroup owns of C, in elements. */
  block: { M: number; N: number };
  /** Elements of K multiplied between two barriers. */
  depth: number;
  /** Fragments are loaded from the matrices themselves instead of through workgroup memory. */
  direct: boolean;
}

/** What {@link matrixFormsFor} looks at; a `Device` is one. */
export interface Machine {
  adapter: AdapterSummary;
  /** Products in which one factor is f16 may round the other to f16. */
  halfProducts: boolean;
}

/** Subgroups of a workgroup along M and along N. */
export const subgroupsAlong = 2;

/** Bytes of an item of workgroup memory, a vec4u. */
const itemBytes = 16;

/** Elements of the fragments in one item. */
export const perItem = ({ component }: FloatMatrix): number => (component === 'f16' ? 8 : 4);

/**
 * Sums of a lane, fragments of a subgroup and bytes of K at most. 128 sums leave room for the factors in a lane's
 * registers, and a depth of 64 bytes has few barriers at little workgroup memory. Where compiling takes longer than
 * running, four fragments: a software adapter's compiler spends seconds on each sixteen.
 */
const most = {
  gpu: { sums: 128, fragments: 32, depthBytes: 64 },
  software: { sums: 128, fragments: 4, depthBytes: 32 },
};

/** Sizes below this leave most of a tile empty. */
const leastSize = 32;

/** Workgroups that keep a large GPU busy; a product with fewer is cut finer. */
const enoughGroups = 128;

/** A stored matrix's tile in workgroup memory: `rows` of `units` items, and one item more against bank conflicts. */
export const tileOf = (form: MatrixForm, wide: number, deep: number, alongK: boolean) => {
  const [rows, along] = alongK ? [wide, deep] : [deep, wide];
  const units = along / perItem(form.config);
  return { rows, along, units, stride: units + 1, items: rows * (units + 1) };
};

/** Items of workgroup memory for one row of fragments of sums, and from one of its rows to the next. */
export function scratchOf({ config, block }: MatrixForm): { stride: number; items: number } {
  const stride = block.N / 4 + 1;
  return { stride, items: config.M * stride };
}

/** Sides of C's tile. */
export const tileSides = ({ block }: MatrixForm): { M: number; N: number } => ({
  M: subgroupsAlong * block.M,
  N: subgroupsAlong * block.N,
});

export const lanesOf = ({ subgroupSize }: MatrixForm): number => subgroupsAlong ** 2 * subgroupSize;

/** Items of workgroup memory, whichever way the factors lie; the sums use it after them. */
export function memoryItems(form: MatrixForm): number {
  const { M, N } = tileSides(form);
  const most = (wide: number): number =>
    Math.max(...[true, false].map((alongK) => tileOf(form, wide, form.depth, alongK).items));
  return Math.max(form.direct ? 0 : most(M) + most(N), subgroupsAlong ** 2 * scratchOf(form).items);
}

function isPossible(form: MatrixForm, { workgroupBytes }: AdapterSummary): boolean {
  const { config, block, depth } = form;
  const per = perItem(config);
  const lanes = lanesOf(form);
  const { M, N } = tileSides(form);
  const whole = [
    block.M / config.M,
    block.N / config.N,
    depth / config.K,
    ...[config.M, config.N, config.K].map((size) => size / per),
    // Each lane moves as many items as any other, in steps of whole rows.
    ...[M, N].map((side) => (side * depth) / per / lanes),
    ...[M, N, depth].map((along) => (lanes * per) / along),
  ];
  return whole.every(Number.isInteger) && memoryItems(form) * itemBytes <= workgroupBytes;
}

const volume = ({ M, N, K }: SubgroupMatrix): number => M * N * K;

/** The configurations that are used: f32 sums of f16 and of f32, the largest of each kind. */
export function configsInUse({ subgroupMatrices, f16 }: AdapterSummary): FloatMatrix[] {
  return (['f16', 'f32'] as const).flatMap((component) => {
    if (component === 'f16' && !f16) return [];
    const usable = subgroupMatrices.filter(
      (c): c is FloatMatrix => c.component === component && c.result === 'f32',
    );
    return usable.sort((a, b) => volume(b) - volume(a)).slice(0, 1);
  });
}

/**
 * Forms for an adapter, the largest tiles of each configuration first; none without the feature, without sums in f32, or
 * where the subgroup's size is not one fixed number.
 */
export function matrixForms(adapter: AdapterSummary): MatrixForm[] {
  const subgroupSize = fixedSubgroup(adapter);
  if (subgroupSize === 0) return [];
  return configsInUse(adapter).flatMap((config) => {
    const { sums, fragments, depthBytes } = most[adapter.kind];
    const elements = Math.min(4096, sums * subgroupSize, fragments * config.M * config.N);
    const depth = (depthBytes * perItem(config)) / itemBytes;
    const formOf = (share: number, direct: boolean): MatrixForm => {
      const M = 2 ** Math.floor(Math.log2(elements / share) / 2);
      return { config, subgroupSize, block: { M, N: elements / share / M }, depth, direct };
    };
    return [formOf(1, false), formOf(2, false), formOf(4, false), formOf(1, true)].filter((form) =>
      isPossible(form, adapter),
    );
  });
}

const dtypes = ({ a, b }: GemmPiece): string[] => [a.dtype, b.dtype];

/** Whether the form loses nothing that the caller has not agreed to lose. */
const isExactEnough = ({ config }: MatrixForm, piece: GemmPiece, halfProducts: boolean): boolean =>
  config.component === 'f32' ||
  dtypes(piece).every((dtype) => dtype === 'f16') ||
  (halfProducts && dtypes(piece).includes('f16'));

/** Loads of fragments from the matrices themselves check no edges. */
function fitsDirectly(form: MatrixForm, piece: GemmPiece): boolean {
  const { M, N, K, lda, ldb, aOffset, aWindow, bWindow } = piece;
  const per = perItem(form.config);
  const sides = tileSides(form);
  return (
    dtypes(piece).every((dtype) => dtype === form.config.component) &&
    M % sides.M === 0 &&
    N % sides.N === 0 &&
    K % form.depth === 0 &&
    [lda, ldb, aOffset, aWindow[1], bWindow[1]].every((size) => size % per === 0)
  );
}

const groupsOf = (form: MatrixForm, { M, N, batch = 1 }: GemmPiece): number =>
  batch * Math.ceil(M / tileSides(form).M) * Math.ceil(N / tileSides(form).N);

/**
 * The forms that may run a product, the default first: the largest tiles that still keep the GPU busy. Factors of f16 are
 * multiplied as they are; f32 is rounded to f16 only in a product with an f16 factor on a device opened with `halfProducts`.
 */
export function matrixFormsFor(piece: GemmPiece, { adapter, halfProducts }: Machine): MatrixForm[] {
  const { M, N, K, gather } = piece;
  if (gather || Math.min(M, N, K) < leastSize) return [];
  const forms = matrixForms(adapter).filter(
    (form) => isExactEnough(form, piece, halfProducts) && (!form.direct || fitsDirectly(form, piece)),
  );
  const rank = (form: MatrixForm): number =>
    (form.config.component === 'f16' ? 0 : 4) +
    (form.direct ? 2 : 0) +
    (groupsOf(form, piece) >= enoughGroups ? 0 : 1);
  // Of forms with enough workgroups the largest tiles come first, of those with too few the smallest.
  const area = ({ block }: MatrixForm): number => block.M * block.N;
  return forms.sort(
    (a, b) => rank(a) - rank(b) || (area(b) - area(a)) * (groupsOf(a, piece) >= enoughGroups ? 1 : -1),
  );
}

/** Whether subgroup matrices may run a product on this device. */
export const suitsMatrices = (piece: GemmPiece, machine: Machine): boolean =>
  matrixFormsFor(piece, machine).length > 0;

/** A form for people. */
export const describeForm = ({ config, block, depth, direct }: MatrixForm): string =>
  `${config.component} ${config.M}×${config.N}×${config.K}, ${subgroupsAlong * block.M} × ${subgroupsAlong * block.N} × ${depth}${direct ? ', direct' : ''}`;
