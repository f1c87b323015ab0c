// Checks of attention: the formula in float64 and the samples that tests are made from.
import { divide } from './attention.ts';
import type { OpCheck, RefArray } from '../../check.ts';
import { attentionSizes, type AttentionAttrs, type Part } from './layout.ts';

export const attentionCheck: OpCheck<AttentionAttrs> = {
  reference(tensors, attrs) {
    const { inputs, keyCount } = divide(tensors, attrs);
    const s = attentionSizes(inputs, attrs);
    const { B, Tq, Tk, C, H, D } = s;
    const seen = keyCount ? Math.min(keyCount.data[0], Tk) : Tk;
    const at = (part: Part, T: number, b: number, t: number, c: number): number =>
      inputs[part.input].data[(b * T + t) * part.stride + part.column + c];
    const data = new Float64Array(B * Tq * C);
    for (let b = 0; b < B; b++) {
      for (let h = 0; h < H; h++) {
        for (let i = 0; i < Tq; i++) {
          const keys = attrs.causal ? i + seen - Tq + 1 : seen;
          const scores = Array.from({ length: keys }, (_, j) => {
            let total = 0;
            for (let d = 0; d < D; d++) total += at(s.q, Tq, b, i, h * D + d) * at(s.k, Tk, b, j, h * D + d);
            return total / Math.sqrt(D);
          });
          const top = Math.max(...scores);
          const weights = scores.map((x) => Math.exp(x - top));
          const total = weights.reduce((x, y) => x + y, 0);
          for (let d = 0; d < D; d++) {
            let mixed = 0;
            for (let j = 0; j < keys; j++) mixed += (weights[j] / total) * at(s.v, Tk, b, j, h * D + d);
            data[(b * Tq + i) * C + h * D + d] = mixed;
          }
        }
      }
    }
    return [{ shape: [B, Tq, C], data }] satisfies RefArray[];
  },
  samples: [
    { inputs: [{ shape: [2, 5, 24] }], attrs: { heads: 2, causal: true, packing: 'qkv' } },
    { inputs: [{ shape: [1, 11, 24] }], attrs: { heads: 1, causal: false, packing: 'qkv' } },
    {
      inputs: [{ shape: [2, 3, 8] }, { shape: [2, 3, 8] }, { shape: [2, 3, 8] }],
      attrs: { heads: 2, causal: true, packing: 'none' },
    },
    {
      inputs: [{ shape: [2, 3, 8] }, { shape: [2, 10, 8] }, { shape: [2, 10, 8] }],
      attrs: { heads: 2, causal: true, packing: 'none' },
    },
    {
      inputs: [{ shape: [1, 9, 6] }, { shape: [1, 13, 12] }],
      attrs: { heads: 2, causal: false, packing: 'kv' },
    },
    { inputs: [{ shape: [1, 4, 15] }], attrs: { heads: 1, causal: true, packing: 'qkv' } },
    { inputs: [{ shape: [1, 1, 12] }], attrs: { heads: 1, causal: true, packing: 'qkv' } },
    { inputs: [{ shape: [2, 0, 12] }], attrs: { heads: 2, causal: true, packing: 'qkv' } },
    {
      name: 'cache',
      inputs: [
        { shape: [2, 3, 8] },
        { shape: [2, 10, 8] },
        { shape: [2, 10, 8] },
        { shape: [1], dtype: 'u32', values: [7] },
      ],
      attrs: { heads: 2, causal: true, packing: 'none' },
      checkGrad: [],
    },
    {
      name: 'cache of one',
      inputs: [{ shape: [1, 1, 6] }, { shape: [1, 5, 12] }, { shape: [1], dtype: 'u32', values: [1] }],
      attrs: { heads: 2, causal: false, packing: 'kv' },
      checkGrad: [],
    },
    {
      name: 'two blocks',
      inputs: [{ shape: [1, 37, 48] }],
      attrs: { heads: 2, causal: true, packing: 'qkv' },
      checkGrad: [],
    },
  ],
};
