// Checks of convTranspose2d: the formula in float64 and the samples that tests are made from.
import type { OpCheck, RefArray } from '../../check.ts';
import { eachProduct } from './conv2d.check.ts';
import type { ConvolutionInputs } from './conv2d.ts';
import { convolutionBack, type ConvTransposeAttrs } from './conv-transpose2d.ts';

/** convTranspose2d in float64. */
export function convTranspose2dRef(
  x: RefArray,
  weight: RefArray,
  bias: RefArray | undefined,
  attrs: ConvTransposeAttrs,
): RefArray {
  const convolution = convolutionBack(x, weight, attrs);
  const { B, I, axes } = convolution;
  const shape = [B, axes[0].n, axes[1].n, I];
  const data = new Float64Array(shape.reduce((a, b) => a * b, 1));
  eachProduct(convolution, (at, weightAt, xAt) => (data[at] += x.data[xAt] * weight.data[weightAt]));
  return { shape, data: data.map((v, at) => v + (bias ? bias.data[at % I] : 0)) };
}

const plain = { stride: 1, padding: 0, outputPadding: 0, dilation: 1, groups: 1 };

export const convTranspose2dCheck: OpCheck<ConvTransposeAttrs, ConvolutionInputs> = {
  reference: ([x, weight, bias], attrs) => [convTranspose2dRef(x, weight, bias, attrs)],
  samples: [
    {
      inputs: [{ shape: [2, 3, 3, 8] }, { shape: [3, 3, 4, 8] }, { shape: [4] }],
      attrs: { ...plain, stride: 2, padding: 1, outputPadding: 1 },
    },
    {
      name: 'rectangular, groups',
      inputs: [{ shape: [1, 4, 3, 6] }, { shape: [2, 3, 5, 6] }, { shape: [10] }],
      attrs: {
        ...plain,
        stride: [3, 1],
        padding: [
          [0, 1],
          [2, 0],
        ],
        dilation: [1, 2],
        groups: 2,
      },
    },
    {
      name: 'depthwise',
      inputs: [{ shape: [1, 5, 4, 4] }, { shape: [2, 2, 1, 4] }, undefined],
      attrs: { ...plain, stride: 2, groups: 4 },
    },
    {
      name: 'one pixel',
      inputs: [{ shape: [1, 1, 1, 1] }, { shape: [1, 1, 1, 1] }, undefined],
      attrs: plain,
    },
    {
      name: 'no images',
      inputs: [{ shape: [0, 4, 4, 3] }, { shape: [3, 3, 4, 3] }, undefined],
      attrs: plain,
    },
  ],
};
