// Checks of mlp: the formula in float64 and the samples that tests are made from.
import { type MlpAttrs, type MlpInputs } from './mlp.ts';
import type { OpCheck } from '../../check.ts';
import { linearRef } from './linear.check.ts';

export const mlpCheck: OpCheck<MlpAttrs, MlpInputs> = {
  reference([x, w1, b1, w2, b2, residual], { layout, activation }) {
    const y = linearRef(linearRef(x, w1, b1, { layout, activation }), w2, b2, { layout });
    if (residual) y.data.forEach((v, i) => (y.data[i] = v + residual.data[i]));
    return [y];
  },
  samples: [
    {
      inputs: [
        { shape: [3, 4] },
        { shape: [8, 4] },
        { shape: [8] },
        { shape: [12, 8] },
        { shape: [12] },
        undefined,
      ],
      attrs: { layout: 'out-in', activation: 'tanh' },
    },
    {
      inputs: [
        { shape: [2, 3, 8] },
        { shape: [8, 16] },
        { shape: [16] },
        { shape: [16, 8] },
        { shape: [8] },
        { shape: [2, 3, 8] },
      ],
      attrs: { layout: 'in-out', activation: 'geluNew' },
    },
    {
      inputs: [{ shape: [5, 3] }, { shape: [7, 3] }, undefined, { shape: [2, 7] }, undefined, undefined],
      attrs: { layout: 'out-in', activation: 'quickGelu' },
    },
    {
      inputs: [
        { shape: [1, 13] },
        { shape: [11, 13] },
        { shape: [11] },
        { shape: [1, 11] },
        { shape: [1] },
        { shape: [1, 1] },
      ],
      attrs: { layout: 'out-in', activation: 'sigmoid' },
    },
    {
      inputs: [{ shape: [0, 3] }, { shape: [7, 3] }, undefined, { shape: [2, 7] }, undefined, undefined],
      attrs: { layout: 'out-in', activation: 'relu' },
    },
  ],
};
