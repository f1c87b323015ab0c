// The WGSL of subgroup matrices in one place: it is Dawn's extension `chromium_experimental_subgroup_matrix`, whose
// form has changed before and may again.
//
// A fragment is a small matrix held by a whole subgroup; arrays it is loaded from may hold larger items than its
// elements, and places and strides count these items. Places and strides must be the same in the whole subgroup.
import type { SubgroupMatrix } from '../core/adapter.ts';

/** First lines of a shader with subgroup matrices. */
export const enableSubgroupMatrices = 'enable subgroups;\nenable chromium_experimental_subgroup_matrix;';

/** How a fragment lies in memory. */
export type FragmentOrder = 'row_major' | 'col_major';

export interface Place {
  array: string;
  /** First item, a WGSL expression. */
  at: string;
  /** Items from one row (`row_major`) or column (`col_major`) to the next. */
  stride: number;
  order: FragmentOrder;
}

/** Expressions and types for one configuration: sums [M, N] += left [M, K] · right [K, N]. */
export function fragments({ component, result, M, N, K }: SubgroupMatrix) {
  // The extension names columns before rows.
  const left = `subgroup_matrix_left<${component}, ${K}, ${M}>`;
  const right = `subgroup_matrix_right<${component}, ${N}, ${K}>`;
  const sums = `subgroup_matrix_result<${result}, ${N}, ${M}>`;
  const load = (type: string, { array, at, stride, order }: Place): string =>
    `subgroupMatrixLoad<${type}, ${order}>(&${array}, ${at}, ${stride}u)`;
  return {
    zeros: `${sums}()`,
    loadLeft: (place: Place): string => load(left, place),
    loadRight: (place: Place): string => load(right, place),
    multiplyAdd: (a: string, b: string, to: string): string =>
      `subgroupMatrixMultiplyAccumulate(${a}, ${b}, ${to})`,
    store: (value: string, { array, at, stride, order }: Place): string =>
      `subgroupMatrixStore<${order}>(&${array}, ${at}, ${value}, ${stride}u);`,
  };
}
