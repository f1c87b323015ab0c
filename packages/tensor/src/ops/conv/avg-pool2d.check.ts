// Checks of avg-pool2d: the formula in float64 and the samples that tests are made from.
import { sizesOf } from './avg-pool2d.ts';
import type { OpCheck } from '../../check.ts';
import type { Tensor } from '../../tensor.ts';

export const avgPool2dCheck: OpCheck<{ size: number }, readonly [Tensor]> = {
  reference([x], { size: s }) {
    const { B, H, W, C, h, w } = sizesOf(x, s);
    const data = new Float64Array(B * h * w * C);
    for (let i = 0; i < data.length; i++) {
      const tile = Math.floor(i / C);
      const top = Math.floor(tile / (h * w)) * H + (Math.floor(tile / w) % h) * s;
      for (let y = 0; y < s; y++)
        for (let q = 0; q < s; q++)
          data[i] += x.data[((top + y) * W + (tile % w) * s + q) * C + (i % C)] / (s * s);
    }
    return [{ shape: [B, h, w, C], data }];
  },
  samples: [
    { inputs: [{ shape: [2, 4, 6, 8] }], attrs: { size: 2 } },
    { inputs: [{ shape: [2, 5, 7, 3] }], attrs: { size: 2 } },
    { inputs: [{ shape: [1, 9, 7, 4] }], attrs: { size: 3 } },
    { inputs: [{ shape: [1, 1, 1, 1] }], attrs: { size: 1 } },
    { inputs: [{ shape: [0, 4, 4, 3] }], attrs: { size: 2 } },
  ],
};
