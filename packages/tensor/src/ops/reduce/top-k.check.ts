// Checks of top-k: the formula in float64 and the samples that tests are made from.
import { type TopKAttrs } from './top-k.ts';
import type { OpCheck } from '../../check.ts';
import { type Tensor } from '../../tensor.ts';

export const topKCheck: OpCheck<TopKAttrs, readonly [Tensor]> = {
  reference([x], { k }) {
    const n = x.shape.at(-1)!;
    const rows = x.data.length / n;
    const values = new Float64Array(rows * k);
    const indices = new Float64Array(rows * k);
    for (let r = 0; r < rows; r++) {
      const row = x.data.subarray(r * n, (r + 1) * n);
      const taken = new Uint8Array(n);
      for (let j = r * k; j < (r + 1) * k; j++) {
        let best = -1;
        for (let c = 0; c < n; c++) if (!taken[c] && (best < 0 || row[c] > row[best])) best = c;
        taken[best] = 1;
        indices[j] = best;
        values[j] = row[best];
      }
    }
    const shape = [...x.shape.slice(0, -1), k];
    return [
      { shape, data: values },
      { shape, data: indices },
    ];
  },
  samples: [
    { inputs: [{ shape: [4, 8] }], attrs: { k: 3 } },
    { inputs: [{ shape: [2, 3, 37] }], attrs: { k: 37 } },
    { inputs: [{ shape: [20, 70] }], attrs: { k: 5 } },
    {
      name: 'ties',
      inputs: [{ shape: [2, 40], values: Array.from({ length: 80 }, (_, i) => (i * 7) % 5) }],
      attrs: { k: 20 },
      checkGrad: [],
    },
    {
      name: 'vocabulary',
      inputs: [{ shape: [2, 50257], range: [-9, -1] }],
      attrs: { k: 5 },
      tolerance: 1e-6,
    },
    { name: 'many of many', inputs: [{ shape: [1, 9001] }], attrs: { k: 64 }, tolerance: 1e-6 },
    {
      name: 'ties across blocks',
      inputs: [{ shape: [1, 5000], values: Array.from({ length: 5000 }, (_, i) => i % 3) }],
      attrs: { k: 20 },
      checkGrad: [],
      tolerance: 1e-6,
    },
    { name: 'one', inputs: [{ shape: [1] }], attrs: { k: 1 } },
    { name: 'no rows', inputs: [{ shape: [0, 4] }], attrs: { k: 2 } },
  ],
};
