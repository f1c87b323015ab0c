// Checks of l2-normalize: the formula in float64 and the samples that tests are made from.
import { type NormalizeAttrs } from './l2-normalize.ts';
import type { OpCheck } from '../../check.ts';
import type { Tensor } from '../../tensor.ts';

export const l2NormalizeCheck: OpCheck<NormalizeAttrs, readonly [Tensor]> = {
  reference([x], { eps }) {
    const C = x.shape.at(-1)!;
    const data = new Float64Array(x.data.length);
    for (let base = 0; base < data.length; base += C) {
      const row = x.data.subarray(base, base + C);
      const divisor = Math.max(Math.sqrt(row.reduce((a, b) => a + b * b, 0)), eps);
      row.forEach((v, c) => (data[base + c] = v / divisor));
    }
    return [{ shape: x.shape, data }];
  },
  samples: [
    { inputs: [{ shape: [4, 8] }], attrs: { eps: 1e-12 } },
    { inputs: [{ shape: [2, 3, 7] }], attrs: { eps: 1e-12 } },
    { inputs: [{ shape: [20, 36] }], attrs: { eps: 1e-12 } },
    { inputs: [{ shape: [1, 513] }], attrs: { eps: 1e-12 } },
    { name: 'one', inputs: [{ shape: [1, 1], values: [-3] }], attrs: { eps: 1e-12 } },
    { name: 'below eps', inputs: [{ shape: [3, 5] }], attrs: { eps: 4 } },
    {
      name: 'zeros',
      inputs: [{ shape: [2, 6], values: new Array<number>(12).fill(0) }],
      attrs: { eps: 1e-12 },
      checkGrad: [],
    },
    { name: 'no rows', inputs: [{ shape: [0, 4] }], attrs: { eps: 1e-12 } },
  ],
};
