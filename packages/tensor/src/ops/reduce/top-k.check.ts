// Checks of top-k: the formula in float64 and the samples that tests are made from.
import { type TopKAttrs } from './top-k.ts';
import { normaliseAxis, sizeOf } from '../../core/shape.ts';
import { sortCheck } from './sort.check.ts';
import type { OpCheck } from '../../check.ts';
import { type Tensor } from '../../tensor.ts';

export const topKCheck: OpCheck<TopKAttrs, readonly [Tensor]> = {
  reference([x], { k, axis = -1, largest = true }) {
    const sorted = sortCheck.reference([x], { axis, descending: largest });
    const at = normaliseAxis('reference', axis, x.shape.length);
    const n = x.shape[at];
    const inner = sizeOf(x.shape.slice(at + 1));
    const shape = x.shape.map((size, i) => (i === at ? k : size));
    return sorted.map(({ data }) => ({ shape, data: data.filter((_, i) => Math.floor(i / inner) % n < k) }));
  },
  samples: [
    { inputs: [{ shape: [4, 8] }], attrs: { k: 3 } },
    { inputs: [{ shape: [2, 3, 37] }], attrs: { k: 37 } },
    { inputs: [{ shape: [3, 9, 2] }], attrs: { k: 4, axis: 1, largest: false } },
    { name: 'by sorting', inputs: [{ shape: [2, 300] }], attrs: { k: 150 }, tolerance: 1e-6 },
    { name: 'i32', inputs: [{ shape: [30], dtype: 'i32', range: [-9, 9] }], attrs: { k: 3 } },
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
      checkGrad: [],
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
