// Checks of conv1d and convTranspose1d: the formulas in float64 and the samples that tests are made from.
import type { OpCheck, RefArray } from '../../check.ts';
import { conv2dRef } from './conv2d.check.ts';
import type { ConvolutionInputs } from './conv2d.ts';
import type { Conv1dOptions, ConvTranspose1dOptions } from './conv1d.ts';
import { convTranspose2dRef } from './conv-transpose2d.check.ts';

/** The axes in another order: [a, b, c] with the last two or all three the other way round. */
function turned({ shape: [a, b, c], data }: RefArray, order: 'last two' | 'all'): RefArray {
  const out = new Float64Array(data.length);
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let k = 0; k < c; k++)
        out[order === 'all' ? (k * b + j) * a + i : (i * c + k) * b + j] = data[(i * b + j) * c + k];
  return { shape: order === 'all' ? [c, b, a] : [a, c, b], data: out };
}

type Work = (x: RefArray, weight: RefArray) => RefArray;

/** `work` on images one pixel high, in the layout of the options. */
function alongOneAxis(x: RefArray, weight: RefArray, { layout }: Conv1dOptions, work: Work): RefArray {
  const [rows, kernel] = layout === 'ncw' ? [turned(x, 'last two'), turned(weight, 'all')] : [x, weight];
  const [B, T, C] = rows.shape;
  const y = work(
    { shape: [B, 1, T, C], data: rows.data },
    { shape: [1, ...kernel.shape], data: kernel.data },
  );
  const out = { shape: [y.shape[0], y.shape[2], y.shape[3]], data: y.data };
  return layout === 'ncw' ? turned(out, 'last two') : out;
}

const sides = (padding: Conv1dOptions['padding'] = 0): readonly [number, number] | undefined =>
  typeof padding === 'number' ? [padding, padding] : typeof padding === 'string' ? undefined : padding;

export const conv1dCheck: OpCheck<Conv1dOptions, ConvolutionInputs> = {
  reference([x, weight, bias], options) {
    const { stride = 1, padding, dilation = 1, groups = 1, activation } = options;
    const given = sides(padding);
    const attrs = { groups, activation, stride: [1, stride], dilation: [1, dilation] } as const;
    const around = given ? ([[0, 0], given] as const) : (padding as 'same');
    return [alongOneAxis(x, weight, options, (a, w) => conv2dRef(a, w, bias, { ...attrs, padding: around }))];
  },
  samples: [
    {
      name: 'causal',
      inputs: [{ shape: [2, 9, 4] }, { shape: [3, 4, 8] }, { shape: [8] }],
      attrs: { padding: [2, 0] },
    },
    {
      name: 'channels first',
      inputs: [{ shape: [2, 6, 11] }, { shape: [4, 3, 3] }, { shape: [4] }],
      attrs: { layout: 'ncw', stride: 2, dilation: 2, padding: 'same', groups: 2, activation: 'tanh' },
    },
    { inputs: [{ shape: [1, 1, 1] }, { shape: [1, 1, 1] }, undefined], attrs: {} },
    { inputs: [{ shape: [0, 5, 2] }, { shape: [2, 2, 3] }, undefined], attrs: {} },
  ],
};

export const convTranspose1dCheck: OpCheck<ConvTranspose1dOptions, ConvolutionInputs> = {
  reference([x, weight, bias], options) {
    const { stride = 1, padding, outputPadding = 0, dilation = 1, groups = 1 } = options;
    const attrs = {
      groups,
      stride: [1, stride],
      dilation: [1, dilation],
      outputPadding: [0, outputPadding],
    } as const;
    const around = [[0, 0], sides(padding)!] as const;
    return [
      alongOneAxis(x, weight, options, (a, w) =>
        convTranspose2dRef(a, w, bias, { ...attrs, padding: around }),
      ),
    ];
  },
  samples: [
    {
      inputs: [{ shape: [2, 5, 8] }, { shape: [4, 3, 8] }, { shape: [3] }],
      attrs: { stride: 2, padding: 1, outputPadding: 1 },
    },
    {
      name: 'channels first',
      inputs: [{ shape: [2, 6, 7] }, { shape: [6, 2, 3] }, { shape: [4] }],
      attrs: { layout: 'ncw', stride: 3, groups: 2, padding: [1, 0] },
    },
    { inputs: [{ shape: [1, 1, 1] }, { shape: [1, 1, 1] }, undefined], attrs: {} },
    { inputs: [{ shape: [0, 5, 2] }, { shape: [2, 3, 2] }, undefined], attrs: {} },
  ],
};
