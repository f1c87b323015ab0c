// Checks of layerNorm and rmsNorm: the formulas in float64 and the samples that tests are made from.
import type { OpCheck, RefArray, Sample } from '../../check.ts';
import type { Shape } from '../../core/shape.ts';
import type { NormAttrs, NormInputs } from './norm-kernels.ts';

/** Rows of `C` values divided by their spread, times gain, plus bias, which go round by channel. */
export function normRef(
  [x, gain, bias]: readonly [RefArray, RefArray | undefined, RefArray | undefined],
  { eps }: NormAttrs,
  isCentred: boolean,
): RefArray[] {
  const C = x.shape.at(-1)!;
  const data = new Float64Array(x.data.length);
  for (let base = 0; base < data.length; base += C) {
    const row = x.data.subarray(base, base + C);
    const mean = isCentred ? row.reduce((a, b) => a + b, 0) / C : 0;
    const squares = row.reduce((a, b) => a + (b - mean) ** 2, 0) / C;
    row.forEach((v, c) => {
      data[base + c] = ((v - mean) / Math.sqrt(squares + eps)) * (gain?.data[c] ?? 1) + (bias?.data[c] ?? 0);
    });
  }
  return [{ shape: x.shape, data }];
}

function samplesOf(biased: boolean): Sample<NormAttrs>[] {
  const of = (shape: Shape, more: Partial<Sample<NormAttrs>> = {}): Sample<NormAttrs> => {
    const C = { shape: [shape.at(-1)!] };
    return { inputs: [{ shape }, C, biased ? C : undefined], attrs: { eps: 1e-5 }, ...more };
  };
  return [
    of([4, 8]),
    of([2, 3, 7]),
    { inputs: [{ shape: [4, 8] }, undefined, undefined], attrs: { eps: 1e-5 } },
    of([20, 36]),
    {
      ...of([3, 100], { tolerance: 1e-4, checkGrad: biased ? [1, 2] : [1] }),
      inputs: [
        { shape: [3, 100], range: [99, 101] },
        { shape: [100] },
        biased ? { shape: [100] } : undefined,
      ],
    },
    of([0, 4]),
    of([2, 1]),
    of([3, 0]),
    of([1500, 5], { name: 'pieces' }),
    of([2, 2500], { name: 'long rows' }),
  ];
}

export const layerNormCheck: OpCheck<NormAttrs, NormInputs> = {
  reference: (inputs, attrs) => normRef(inputs, attrs, true),
  samples: [
    ...samplesOf(true),
    { name: 'no gain', inputs: [{ shape: [3, 5] }, undefined, { shape: [5] }], attrs: { eps: 1e-5 } },
  ],
};

export const rmsNormCheck: OpCheck<NormAttrs, NormInputs> = {
  reference: (inputs, attrs) => normRef(inputs, attrs, false),
  samples: samplesOf(false),
};
