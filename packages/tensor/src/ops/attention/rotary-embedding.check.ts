// Checks of rotaryEmbedding: the formula in float64 and the samples that tests are made from.
import type { OpCheck } from '../../check.ts';
import { sizeOf } from '../../core/shape.ts';
import type { RotaryAttrs, RotaryInputs } from './rotary-embedding.ts';

const plain: RotaryAttrs = { base: 10000, dim: 4, interleaved: false, axis: 0, isInverse: false };

export const rotaryEmbeddingCheck: OpCheck<RotaryAttrs, RotaryInputs> = {
  reference([x, positions], { base, dim, interleaved, axis, isInverse }) {
    const D = x.shape.at(-1)!;
    const T = x.shape[axis];
    const data = Float64Array.from(x.data);
    for (let row = 0; row < x.data.length / Math.max(1, D); row++) {
      const t = Math.floor(row / sizeOf(x.shape.slice(axis + 1, -1))) % T;
      const item = positions?.shape.length === 2 ? Math.floor((row * D) / sizeOf(x.shape.slice(1))) : 0;
      const position = positions ? positions.data[item * T + t] : t;
      for (let i = 0; i < dim / 2; i++) {
        const angle = (isInverse ? -1 : 1) * position * base ** ((-2 * i) / dim);
        const u = row * D + (interleaved ? 2 * i : i);
        const v = u + (interleaved ? 1 : dim / 2);
        data[u] = x.data[u] * Math.cos(angle) - x.data[v] * Math.sin(angle);
        data[v] = x.data[v] * Math.cos(angle) + x.data[u] * Math.sin(angle);
      }
    }
    return [{ shape: x.shape, data }];
  },
  samples: [
    { inputs: [{ shape: [5, 4] }, undefined], attrs: plain },
    { inputs: [{ shape: [2, 3, 1, 6] }, undefined], attrs: { ...plain, interleaved: true, axis: 1 } },
    {
      name: 'far positions, some channels stay',
      inputs: [
        { shape: [2, 3, 7] },
        { shape: [2, 3], dtype: 'u32', values: [99999, 100000, 65537, 0, 1, 2] },
      ],
      attrs: { ...plain, base: 500, axis: 1 },
    },
    {
      name: 'positions along the second axis of four',
      inputs: [{ shape: [2, 3, 5, 8] }, { shape: [3], dtype: 'u32', values: [7, 4000000000, 12345] }],
      attrs: { ...plain, dim: 8, axis: 1, interleaved: true },
    },
    { inputs: [{ shape: [0, 4] }, undefined], attrs: plain },
    { inputs: [{ shape: [3, 3] }, undefined], attrs: { ...plain, dim: 0 } },
    { inputs: [{ shape: [1, 2] }, undefined], attrs: { ...plain, dim: 2, isInverse: true } },
  ],
};
