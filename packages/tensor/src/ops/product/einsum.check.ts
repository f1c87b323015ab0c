// Checks of einsum: every combination of indices, multiplied and added up.
import type { OpCheck } from '../../check.ts';
import { sizeOf, stridesOf, type Shape } from '../../core/shape.ts';
import { places } from '../move/move-reference.check.ts';
import { labelSizes, parseEquation } from './einsum.ts';

export const einsumCheck: OpCheck<{ equation: string }> = {
  reference(inputs, { equation }) {
    const shapes = inputs.map(({ shape }) => shape);
    const { inputs: terms, output } = parseEquation(equation, shapes);
    const sizes = labelSizes(equation, terms, shapes);
    const labels = [...sizes.keys()];
    const shape = output.map((label) => sizes.get(label)!);
    const data = new Float64Array(sizeOf(shape));
    const placeOf = (own: readonly string[], from: Shape, at: number[]): number =>
      stridesOf(from).reduce(
        (sum, step, k) => sum + (from[k] === 1 ? 0 : step * at[labels.indexOf(own[k])]),
        0,
      );
    for (const at of places([...sizes.values()])) {
      const product = inputs.reduce((p, x, i) => p * x.data[placeOf(terms[i], x.shape, at)], 1);
      data[placeOf(output, shape, at)] += product;
    }
    return [{ shape, data }];
  },
  samples: (
    [
      ['ij,jk->ik', [3, 5], [5, 4]],
      ['bthd,bshd->bhts', [2, 3, 2, 4], [2, 5, 2, 4]],
      ['iij->ji', [3, 3, 2]],
      ['i,j', [7], [67]],
      ['...ij,...jk,k', [2, 1, 3, 5], [3, 5, 2], [2]],
      ['bi,bi->b', [1, 5], [3, 5]],
      ['ij->', [3, 5]],
      ['ij,kj->ik', [0, 5], [3, 5]],
    ] as const
  ).map(([equation, ...shapes]) => ({
    name: equation,
    inputs: shapes.map((shape) => ({ shape })),
    attrs: { equation },
  })),
};
