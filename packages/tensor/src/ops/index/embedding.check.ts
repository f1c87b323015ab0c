// Checks of embedding: the formula in float64 and the samples that tests are made from.
import type { OpCheck } from '../../check.ts';
import { type Tensor } from '../../tensor.ts';

export const embeddingCheck: OpCheck<object, readonly [Tensor, Tensor]> = {
  reference([weight, ids]) {
    const [V, C] = weight.shape;
    const data = new Float64Array(ids.data.length * C);
    ids.data.forEach((id, n) => {
      if (id >= 0 && id < V) data.set(weight.data.subarray(id * C, (id + 1) * C), n * C);
    });
    return [{ shape: [...ids.shape, C], data }];
  },
  samples: [
    { inputs: [{ shape: [7, 4] }, { shape: [2, 5], dtype: 'u32', range: [0, 7] }], attrs: {} },
    { inputs: [{ shape: [5, 3] }, { shape: [20], dtype: 'i32', range: [0, 5] }], attrs: {} },
    {
      name: 'outside',
      inputs: [{ shape: [3, 5] }, { shape: [4], dtype: 'i32', values: [2, -1, 3, 2] }],
      attrs: {},
    },
    { inputs: [{ shape: [1, 1] }, { shape: [], dtype: 'u32', range: [0, 1] }], attrs: {} },
    { inputs: [{ shape: [4, 8] }, { shape: [0, 3], dtype: 'u32' }], attrs: {} },
    { inputs: [{ shape: [0, 4] }, { shape: [2], dtype: 'u32', values: [0, 1] }], attrs: {} },
    {
      name: 'several workgroups',
      inputs: [{ shape: [9, 36] }, { shape: [70], dtype: 'u32', range: [0, 9] }],
      attrs: {},
    },
  ],
};
