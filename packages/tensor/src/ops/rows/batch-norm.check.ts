// Checks of batchNorm: the formula in float64 and the samples that tests are made from.
import type { OpCheck, RefArray } from '../../check.ts';
import type { BatchNormAttrs, BatchNormInputs } from './batch-norm.ts';

const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const attrs = { momentum: 0.1, eps: 1e-5 };

export const batchNormCheck: OpCheck<BatchNormAttrs, BatchNormInputs> = {
  reference([x, gain, bias, runningMean, runningVar], { training, eps }): RefArray[] {
    const C = x.shape.at(-1)!;
    const data = new Float64Array(x.data.length);
    for (let c = 0; c < C; c++) {
      const column = [...x.data].filter((_, i) => i % C === c);
      const mean = training ? average(column) : runningMean!.data[c];
      const variance = training ? average(column.map((v) => (v - mean) ** 2)) : runningVar!.data[c];
      column.forEach((v, r) => {
        data[r * C + c] =
          ((v - mean) / Math.sqrt(variance + eps)) * (gain?.data[c] ?? 1) + (bias?.data[c] ?? 0);
      });
    }
    return [{ shape: x.shape, data }];
  },
  samples: [
    {
      inputs: [{ shape: [2, 3, 3, 4] }, { shape: [4] }, { shape: [4] }, undefined, undefined],
      attrs: { ...attrs, training: true },
    },
    {
      inputs: [{ shape: [33, 1] }, undefined, undefined, undefined, undefined],
      attrs: { ...attrs, training: true },
    },
    {
      name: 'long',
      inputs: [{ shape: [1500, 3] }, { shape: [3] }, undefined, undefined, undefined],
      attrs: { ...attrs, training: true },
    },
    {
      name: 'inference',
      inputs: [
        { shape: [5, 3] },
        { shape: [3] },
        { shape: [3] },
        { shape: [3] },
        { shape: [3], range: [0.5, 2] },
      ],
      attrs: { ...attrs, training: false },
      checkGrad: [0, 1, 2],
    },
    {
      name: 'none',
      inputs: [{ shape: [0, 2] }, undefined, undefined, { shape: [2] }, { shape: [2], range: [0.5, 2] }],
      attrs: { ...attrs, training: false },
      checkGrad: [],
    },
  ],
};
