// Checks of groupNorm and instanceNorm: the formula in float64 and the samples that tests are made from.
import type { OpCheck, Sample } from '../../check.ts';
import type { GroupNormAttrs } from './group-norm.ts';
import type { NormInputs } from './norm-kernels.ts';

/** The check of groupNorm, or of instanceNorm, whose groups are the channels. */
export const groupNormCheck = (instances: boolean): OpCheck<GroupNormAttrs, NormInputs> => ({
  reference([x, gain, bias], { groups, eps }) {
    const [B, C] = [x.shape[0], x.shape.at(-1)!];
    const S = x.data.length === 0 ? 0 : x.data.length / (B * C);
    const size = C / (groups ?? C);
    const data = new Float64Array(x.data.length);
    for (let b = 0; b < B; b++) {
      for (let first = 0; first < C; first += size) {
        const places = Array.from(
          { length: S * size },
          (_, i) => (b * S + Math.floor(i / size)) * C + first + (i % size),
        );
        const mean = places.reduce((sum, at) => sum + x.data[at], 0) / places.length;
        const variance = places.reduce((sum, at) => sum + (x.data[at] - mean) ** 2, 0) / places.length;
        for (const at of places) {
          const c = at % C;
          data[at] =
            ((x.data[at] - mean) / Math.sqrt(variance + eps)) * (gain?.data[c] ?? 1) + (bias?.data[c] ?? 0);
        }
      }
    }
    return [{ shape: x.shape, data }];
  },
  samples: [
    { inputs: [{ shape: [2, 3, 3, 8] }, { shape: [8] }, { shape: [8] }], attrs: { eps: 1e-5, groups: 2 } },
    { inputs: [{ shape: [2, 5, 6] }, undefined, undefined], attrs: { eps: 1e-5, groups: 3 } },
    {
      name: 'one group',
      inputs: [{ shape: [1, 5, 3] }, { shape: [3] }, { shape: [3] }],
      attrs: { eps: 1e-5, groups: 1 },
    },
    {
      name: 'none',
      inputs: [{ shape: [0, 5, 4] }, { shape: [4] }, { shape: [4] }],
      attrs: { eps: 1e-5, groups: 2 },
    },
    ...(instances
      ? []
      : [
          {
            name: 'no places',
            inputs: [{ shape: [3, 6] }, { shape: [6] }, { shape: [6] }],
            attrs: { eps: 1e-5, groups: 2 },
          },
        ]),
  ].map((sample): Sample<GroupNormAttrs> =>
    instances ? { ...sample, attrs: { eps: sample.attrs.eps } } : { ...sample, attrs: sample.attrs },
  ),
});
