// Check of where: the formula in float64 and the samples that tests are made from.
import type { OpCheck } from '../../check.ts';
import { broadcastShapes, sizeOf } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';
import { referenceIndex } from './arithmetic.check.ts';

const condition = { dtype: 'u32', range: [0, 2] } as const;

export const whereCheck: OpCheck<object, readonly [Tensor, Tensor, Tensor]> = {
  reference(inputs) {
    const shape = inputs.reduce((s: readonly number[], t) => broadcastShapes('where', s, t.shape), []);
    const data = new Float64Array(sizeOf(shape)).map((_, i) => {
      const [c, a, b] = inputs.map((t) => t.data[referenceIndex(t.shape, shape, i)]);
      return c === 0 ? b : a;
    });
    return [{ shape, data }];
  },
  samples: [
    { inputs: [{ ...condition, shape: [3, 67] }, { shape: [3, 67] }, { shape: [67] }], attrs: {} },
    { inputs: [{ ...condition, shape: [36] }, { shape: [2, 1] }, { shape: [2, 36] }], attrs: {} },
    {
      inputs: [{ shape: [5, 1], range: [-1, 2], dtype: 'i32' }, { shape: [] }, { shape: [1, 4] }],
      attrs: {},
    },
    { inputs: [{ ...condition, shape: [0, 3] }, { shape: [0, 3] }, { shape: [3] }], attrs: {} },
  ],
};
