// Checks of nllLoss: the formula in float64 and the samples that tests are made from.
import type { OpCheck } from '../../check.ts';
import type { NllAttrs, NllInputs } from './nll-loss.ts';

export const nllLossCheck: OpCheck<NllAttrs, NllInputs> = {
  reference([x, targets, weight], { ignoreIndex, reduction }) {
    const V = x.shape.at(-1)!;
    const weights = targets.data.map((t) => (t === ignoreIndex ? 0 : weight ? weight.data[t] : 1));
    const losses = targets.data.map((t, r) => (t === ignoreIndex ? 0 : -weights[r] * x.data[r * V + t]));
    if (reduction === 'none') return [{ shape: targets.shape, data: losses }];
    const add = (a: number, b: number): number => a + b;
    const divisor = reduction === 'mean' ? weights.reduce(add, 0) || 1 : 1;
    return [{ shape: [], data: Float64Array.of(losses.reduce(add, 0) / divisor) }];
  },
  samples: [
    {
      inputs: [
        { shape: [9, 17] },
        { shape: [9], dtype: 'u32', range: [0, 17] },
        { shape: [17], range: [0.2, 2] },
      ],
      attrs: { ignoreIndex: 3, reduction: 'mean' },
      checkGrad: [0],
    },
    {
      inputs: [
        { shape: [2, 3, 5] },
        { shape: [2, 3], dtype: 'i32', values: [0, 4, -1, 2, -1, 1] },
        undefined,
      ],
      attrs: { ignoreIndex: -1, reduction: 'none' },
    },
    {
      inputs: [{ shape: [1, 1] }, { shape: [1], dtype: 'u32', values: [0] }, undefined],
      attrs: { reduction: 'sum' },
    },
    { inputs: [{ shape: [0, 4] }, { shape: [0], dtype: 'u32' }, undefined], attrs: { reduction: 'mean' } },
  ],
};
