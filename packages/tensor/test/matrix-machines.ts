// Machines with subgroup matrices that are not here, products for them, and Dawn's adapter that does nothing but check.
import { openDevice as openDeviceOn } from '../src/core/open-device.ts';
import {
  emptyTensor,
  type AdapterSummary,
  type Device,
  type DType,
  type SubgroupMatrix,
} from '../src/node.ts';
import { dawnInstance } from '../src/node-dawn.ts';
import type { Gemm, GemmPiece } from '../src/ops/product/gemm-piece.ts';
import { wholePiece } from '../src/ops/product/gemm.ts';

export const matrix = (
  component: string,
  result: string,
  M: number,
  N: number,
  K: number,
): SubgroupMatrix => ({
  component,
  result,
  M,
  N,
  K,
});

export const machine = (
  subgroupMatrices: SubgroupMatrix[],
  changes: Partial<AdapterSummary> = {},
): AdapterSummary => ({
  vendor: 'acme',
  architecture: '',
  device: '',
  description: '',
  kind: 'gpu',
  f16: true,
  timestamps: true,
  subgroups: { min: 32, max: 32 },
  subgroupMatrices,
  subgroupMatrixFaults: [],
  workgroupBytes: 49_152,
  ...changes,
});

export const nvidia = machine([
  matrix('f16', 'f16', 16, 16, 16),
  matrix('f16', 'f32', 16, 8, 8),
  matrix('f16', 'f32', 16, 8, 16),
  matrix('f16', 'f32', 16, 16, 16),
  matrix('i8', 'i32', 16, 16, 32),
]);
export const apple = machine(
  [matrix('f16', 'f16', 8, 8, 8), matrix('f16', 'f32', 8, 8, 8), matrix('f32', 'f32', 8, 8, 8)],
  { workgroupBytes: 32_768 },
);
export const intel = machine([matrix('f16', 'f32', 8, 16, 16)], { subgroups: { min: 16, max: 16 } });

export type Sides = [M: number, N: number, K: number];

/** A product of undefined values. */
export function pieceOn(
  own: Device,
  [M, N, K]: Sides,
  changes: Partial<Gemm> = {},
  types: DType[] = ['f16', 'f16'],
): GemmPiece {
  const { transA, transB, batch = 1 } = changes;
  const a = emptyTensor(own, [batch, ...(transA ? [K, M] : [M, K])], { dtype: types[0] });
  const b = emptyTensor(own, [batch, ...(transB ? [N, K] : [K, N])], { dtype: types[1] });
  const out = emptyTensor(own, [batch, M, N], { dtype: types[2] ?? 'f32' });
  return wholePiece({ a, b, out, M, N, K, ...changes }, 0, batch);
}

/** Dawn's adapter that checks everything and computes nothing. */
export const nullGpu = (): Promise<GPU> =>
  dawnInstance(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);

export const openNullDevice = async (): Promise<Device> => openDeviceOn({ gpu: await nullGpu() });
