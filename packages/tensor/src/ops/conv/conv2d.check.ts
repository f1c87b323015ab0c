// Checks of conv2d: the formula in float64 and the samples that tests are made from.
import type { OpCheck, RefArray } from '../../check.ts';
import { activationFunctions } from '../unary/activations.check.ts';
import { convolutionOf, type ConvolutionAttrs, type ConvolutionInputs } from './conv2d.ts';
import type { Convolution } from './convolution-kernels.ts';

/** Calls `each` with the places in x, weight and result of every product that a convolution adds up. */
export function eachProduct(
  { B, I, O, groups, axes: [y, x] }: Convolution,
  each: (xAt: number, weightAt: number, outAt: number) => void,
): void {
  const [perGroup, perOut] = [I / groups, O / groups];
  for (let b = 0; b < B; b++)
    for (let oy = 0; oy < y.out; oy++)
      for (let ox = 0; ox < x.out; ox++)
        for (let ty = 0; ty < y.taps; ty++)
          for (let tx = 0; tx < x.taps; tx++) {
            const row = oy * y.stride + ty * y.dilation - y.before;
            const column = ox * x.stride + tx * x.dilation - x.before;
            if (row < 0 || row >= y.n || column < 0 || column >= x.n) continue;
            for (let o = 0; o < O; o++)
              for (let i = 0; i < perGroup; i++)
                each(
                  ((b * y.n + row) * x.n + column) * I + Math.floor(o / perOut) * perGroup + i,
                  ((ty * x.taps + tx) * perGroup + i) * O + o,
                  ((b * y.out + oy) * x.out + ox) * O + o,
                );
          }
}

/** conv2d in float64. */
export function conv2dRef(
  x: RefArray,
  weight: RefArray,
  bias: RefArray | undefined,
  attrs: ConvolutionAttrs,
): RefArray {
  const convolution = convolutionOf(x, weight, attrs);
  const { B, O, axes } = convolution;
  const f = attrs.activation ? activationFunctions[attrs.activation].js : (v: number): number => v;
  const shape = [B, axes[0].out, axes[1].out, O];
  const data = new Float64Array(shape.reduce((a, b) => a * b, 1));
  eachProduct(convolution, (xAt, weightAt, at) => (data[at] += x.data[xAt] * weight.data[weightAt]));
  return { shape, data: data.map((v, at) => f(v + (bias ? bias.data[at % O] : 0))) };
}

const plain = { stride: 1, padding: 0, dilation: 1, groups: 1 };

export const conv2dCheck: OpCheck<ConvolutionAttrs, ConvolutionInputs> = {
  reference: ([x, weight, bias], attrs) => [conv2dRef(x, weight, bias, attrs)],
  samples: [
    {
      inputs: [{ shape: [2, 5, 7, 4] }, { shape: [3, 3, 4, 8] }, { shape: [8] }],
      attrs: { ...plain, padding: 1, activation: 'gelu' },
    },
    {
      name: 'rectangular',
      inputs: [{ shape: [2, 9, 8, 3] }, { shape: [3, 2, 3, 6] }, { shape: [6] }],
      attrs: {
        ...plain,
        stride: [2, 1],
        padding: [
          [1, 0],
          [0, 2],
        ],
        dilation: [1, 2],
      },
    },
    {
      name: 'groups',
      inputs: [{ shape: [2, 5, 6, 6] }, { shape: [3, 3, 3, 8] }, { shape: [8] }],
      attrs: { ...plain, padding: 'same', groups: 2, activation: 'tanh' },
    },
    {
      name: 'depthwise',
      inputs: [{ shape: [1, 9, 7, 12] }, { shape: [3, 2, 1, 12] }, { shape: [12] }],
      attrs: { ...plain, stride: 2, padding: 1, dilation: 2, groups: 12 },
    },
    {
      name: 'odd depthwise, with a multiplier',
      inputs: [{ shape: [2, 4, 5, 3] }, { shape: [2, 2, 1, 6] }, undefined],
      attrs: { ...plain, groups: 3 },
    },
    {
      name: 'wide',
      inputs: [{ shape: [1, 9, 8, 16] }, { shape: [3, 3, 16, 68] }, { shape: [68] }],
      attrs: { ...plain, padding: 1 },
    },
    {
      name: 'one pixel',
      inputs: [{ shape: [1, 1, 1, 1] }, { shape: [1, 1, 1, 1] }, undefined],
      attrs: plain,
    },
    {
      name: 'padding alone',
      inputs: [{ shape: [1, 1, 1, 2] }, { shape: [3, 3, 2, 4] }, { shape: [4] }],
      attrs: { ...plain, padding: 2 },
    },
    {
      name: 'no images',
      inputs: [{ shape: [0, 4, 4, 3] }, { shape: [3, 3, 3, 4] }, undefined],
      attrs: { ...plain, padding: 1 },
    },
  ],
};
