// Checks of layer-norm: the formula in float64 and the samples that tests are made from.
import { type NormInputs } from './layer-norm.ts';
import type { OpCheck } from '../../check.ts';

export const layerNormCheck: OpCheck<{ eps: number }, NormInputs> = {
  reference([x, gain, bias], { eps }) {
    const C = x.shape.at(-1)!;
    const data = new Float64Array(x.data.length);
    for (let base = 0; base < data.length; base += C) {
      const row = x.data.subarray(base, base + C);
      const mean = row.reduce((a, b) => a + b, 0) / C;
      const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / C;
      for (let c = 0; c < C; c++) {
        data[base + c] = ((row[c] - mean) / Math.sqrt(variance + eps)) * gain.data[c] + bias.data[c];
      }
    }
    return [{ shape: x.shape, data }];
  },
  samples: [
    { inputs: [{ shape: [4, 8] }, { shape: [8] }, { shape: [8] }], attrs: { eps: 1e-5 } },
    { inputs: [{ shape: [2, 3, 7] }, { shape: [7] }, { shape: [7] }], attrs: { eps: 1e-5 } },
    { inputs: [{ shape: [20, 36] }, { shape: [36] }, { shape: [36] }], attrs: { eps: 1e-5 } },
    {
      inputs: [{ shape: [3, 100], range: [99, 101] }, { shape: [100] }, { shape: [100] }],
      attrs: { eps: 1e-5 },
      tolerance: 1e-4,
      checkGrad: [1, 2],
    },
    { inputs: [{ shape: [0, 4] }, { shape: [4] }, { shape: [4] }], attrs: { eps: 1e-5 } },
    { inputs: [{ shape: [2, 1] }, { shape: [1] }, { shape: [1] }], attrs: { eps: 1e-5 } },
    { inputs: [{ shape: [3, 0] }, { shape: [0] }, { shape: [0] }], attrs: { eps: 1e-5 } },
    { name: 'pieces', inputs: [{ shape: [150, 5] }, { shape: [5] }, { shape: [5] }], attrs: { eps: 1e-5 } },
  ],
};
