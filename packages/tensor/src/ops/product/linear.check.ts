// Checks of linear: the formula in float64 and the samples that tests are made from.
import type { OpCheck, RefArray } from '../../check.ts';
import { sizeOf } from '../../core/shape.ts';
import { activationFunctions } from '../unary/activations.check.ts';
import { matmulRef } from './matmul.check.ts';
import { fan, type LinearAttrs, type LinearInputs } from './linear.ts';

export function linearRef(
  x: RefArray,
  w: RefArray,
  bias: RefArray | undefined,
  { layout, activation }: LinearAttrs,
): RefArray {
  const [I, O] = fan(w, layout);
  const rows = { shape: [sizeOf(x.shape.slice(0, -1)), I], data: x.data };
  const data = matmulRef(rows, w, { transA: false, transB: layout === 'out-in' });
  const f = activation ? activationFunctions[activation].js : (v: number): number => v;
  data.forEach((v, i) => (data[i] = f(v + (bias ? bias.data[i % O] : 0))));
  return { shape: [...x.shape.slice(0, -1), O], data };
}

export const linearCheck: OpCheck<LinearAttrs, LinearInputs> = {
  reference: ([x, w, bias, residual], attrs) => {
    const y = linearRef(x, w, bias, attrs);
    if (residual) y.data.forEach((v, i) => (y.data[i] = v + residual.data[i]));
    return [y];
  },
  samples: [
    {
      inputs: [{ shape: [3, 8] }, { shape: [12, 8] }, { shape: [12] }, undefined],
      attrs: { layout: 'out-in' },
    },
    {
      inputs: [{ shape: [2, 3, 8] }, { shape: [8, 16] }, { shape: [16] }, { shape: [2, 3, 16] }],
      attrs: { layout: 'in-out' },
    },
    {
      inputs: [{ shape: [5, 7] }, { shape: [9, 7] }, undefined, { shape: [5, 9] }],
      attrs: { layout: 'out-in', activation: 'tanh' },
    },
    {
      inputs: [{ shape: [4, 4] }, { shape: [4, 8] }, { shape: [8] }, undefined],
      attrs: { layout: 'in-out', activation: 'geluNew' },
    },
    {
      inputs: [{ shape: [1, 6] }, { shape: [5, 6] }, { shape: [5] }, undefined],
      attrs: { layout: 'out-in', activation: 'quickGelu' },
    },
    {
      name: 'no inputs',
      inputs: [{ shape: [3, 0] }, { shape: [5, 0] }, { shape: [5] }, undefined],
      attrs: { layout: 'out-in', activation: 'tanh' },
    },
    { inputs: [{ shape: [7] }, { shape: [3, 7] }, { shape: [3] }, undefined], attrs: { layout: 'out-in' } },
    {
      inputs: [{ shape: [0, 3] }, { shape: [5, 3] }, { shape: [5] }, undefined],
      attrs: { layout: 'out-in', activation: 'relu' },
    },
  ],
};
