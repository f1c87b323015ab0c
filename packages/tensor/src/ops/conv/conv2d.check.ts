// Checks of conv2d: the formula in float64 and the samples that tests are made from.
import { type Conv2dAttrs, sizesOf } from './conv2d.ts';
import type { OpCheck } from '../../check.ts';
import type { Tensor } from '../../tensor.ts';
import { unaryFunctions } from '../unary/activations.check.ts';

export const conv2dCheck: OpCheck<Conv2dAttrs, readonly [Tensor, Tensor, Tensor | undefined]> = {
  reference([x, weight, bias], attrs) {
    const { B, H, W, I, O, k, h, w } = sizesOf(x, weight, attrs);
    const f = attrs.activation ? unaryFunctions[attrs.activation].js : (v: number): number => v;
    const data = new Float64Array(B * h * w * O);
    for (let at = 0; at < data.length; at++) {
      const pixel = Math.floor(at / O);
      const [b, oy, ox] = [Math.floor(pixel / (h * w)), Math.floor(pixel / w) % h, pixel % w];
      let total = bias ? bias.data[at % O] : 0;
      for (let tap = 0; tap < k * k; tap++) {
        const y = oy * attrs.stride + Math.floor(tap / k) - attrs.padding;
        const xx = ox * attrs.stride + (tap % k) - attrs.padding;
        if (y < 0 || y >= H || xx < 0 || xx >= W) continue;
        for (let i = 0; i < I; i++)
          total += x.data[((b * H + y) * W + xx) * I + i] * weight.data[(tap * I + i) * O + (at % O)];
      }
      data[at] = f(total);
    }
    return [{ shape: [B, h, w, O], data }];
  },
  samples: [
    {
      inputs: [{ shape: [2, 5, 7, 4] }, { shape: [3, 3, 4, 8] }, { shape: [8] }],
      attrs: { stride: 1, padding: 1, activation: 'relu' },
    },
    {
      inputs: [{ shape: [2, 9, 9, 3] }, { shape: [3, 3, 3, 6] }, { shape: [6] }],
      attrs: { stride: 2, padding: 1 },
    },
    {
      inputs: [{ shape: [1, 6, 6, 5] }, { shape: [2, 2, 5, 20] }, undefined],
      attrs: { stride: 2, padding: 0 },
    },
    {
      inputs: [{ shape: [1, 4, 5, 3] }, { shape: [4, 4, 3, 4] }, undefined],
      attrs: { stride: 3, padding: 2 },
    },
    {
      inputs: [{ shape: [1, 9, 8, 16] }, { shape: [3, 3, 16, 68] }, { shape: [68] }],
      attrs: { stride: 1, padding: 1 },
    },
    {
      name: 'one pixel',
      inputs: [{ shape: [1, 1, 1, 1] }, { shape: [1, 1, 1, 1] }, undefined],
      attrs: { stride: 1, padding: 0 },
    },
    {
      name: 'padding alone',
      inputs: [{ shape: [1, 1, 1, 2] }, { shape: [3, 3, 2, 4] }, { shape: [4] }],
      attrs: { stride: 1, padding: 2 },
    },
    {
      name: 'no images',
      inputs: [{ shape: [0, 4, 4, 3] }, { shape: [3, 3, 3, 4] }, undefined],
      attrs: { stride: 1, padding: 1 },
    },
  ],
};
