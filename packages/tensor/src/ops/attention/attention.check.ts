// Checks of attention: the formula in float64 and the samples that tests are made from.
import type { OpCheck, RefArray, RefInputs } from '../../check.ts';
import type { AttentionInputs } from './attention.ts';
import { attentionSizes, divide, type AttentionAttrs, type Part } from './layout.ts';
import type {
  ScaledDotProductAttentionAttrs,
  ScaledDotProductAttentionInputs,
} from './scaled-dot-product-attention.ts';

/** @param isAdded whether the mask is floats */
function attentionRef(
  tensors: readonly (RefArray | undefined)[],
  attrs: AttentionAttrs,
  isAdded: boolean,
): RefArray[] {
  const { inputs, keyCount, mask } = divide(tensors, attrs);
  const s = attentionSizes(inputs, attrs, mask && { shape: mask.shape, dtype: isAdded ? 'f32' : 'u32' });
  const { B, Tq, Tk, H, G, D, Dv, scale, softcap } = s;
  const seen = keyCount ? Math.min(keyCount.data[0], Tk) : Tk;
  const place = ({ batch, row, head, column }: Part, b: number, h: number, t: number): number =>
    b * batch + t * row + h * head + column;
  const dataOf = ({ input }: Part): Float64Array => inputs[input].data;
  const data = new Float64Array(s.outShape.reduce((x, y) => x * y, 1));
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      const shared = Math.floor(h / G);
      for (let i = 0; i < Tq; i++) {
        const keys = attrs.causal ? Math.min(seen, i + (s.isTopLeft ? 0 : seen - Tq) + 1) : seen;
        const scores = Array.from({ length: keys }, (_, j) => {
          let score = 0;
          for (let d = 0; d < D; d++)
            score += dataOf(s.q)[place(s.q, b, h, i) + d] * dataOf(s.k)[place(s.k, b, shared, j) + d];
          score *= scale;
          if (softcap !== undefined) score = softcap * Math.tanh(score / softcap);
          if (!mask) return score;
          const value = mask.data[[b, h, i, j].reduce((at, n, axis) => at + n * s.mask!.strides[axis], 0)];
          if (isAdded) return score + value;
          return value === 0 ? -Infinity : score;
        });
        const top = Math.max(...scores);
        const weights = scores.map((x) => (x === -Infinity ? 0 : Math.exp(x - top)));
        const total = weights.reduce((x, y) => x + y, 0);
        for (let d = 0; d < Dv; d++) {
          let mixed = 0;
          for (let j = 0; j < keys; j++) mixed += weights[j] * dataOf(s.v)[place(s.v, b, shared, j) + d];
          data[place(s.out, b, h, i) + d] = total === 0 ? 0 : mixed / total;
        }
      }
    }
  }
  return [{ shape: s.outShape, data }];
}

/** Masks of whole numbers have values in samples that no float one has. */
const isAddedMask = (mask: RefArray | undefined): boolean =>
  mask !== undefined && !mask.data.every((x) => Number.isInteger(x) && Number.isFinite(x));

export const attentionCheck: OpCheck<AttentionAttrs, AttentionInputs> = {
  reference: (tensors: RefInputs<AttentionInputs>, attrs) =>
    attentionRef(tensors, attrs, isAddedMask(divide(tensors, attrs).mask)),
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
    {
      name: 'shared keys, packed',
      inputs: [{ shape: [2, 5, 32] }],
      attrs: { heads: 4, keyValueHeads: 2, causal: true, packing: 'qkv' },
    },
    {
      name: 'added mask over heads and pairs, shared keys',
      inputs: [{ shape: [2, 3, 16] }, { shape: [2, 9, 16] }, undefined, { shape: [4, 3, 9] }],
      attrs: { heads: 4, keyValueHeads: 2, causal: true, packing: 'kv' },
    },
    {
      name: 'where to look, values of another size, scale and softcap',
      inputs: [
        { shape: [2, 3, 6] },
        { shape: [2, 4, 6] },
        { shape: [2, 4, 10] },
        undefined,
        { shape: [2, 1, 1, 4], dtype: 'u32', values: [1, 1, 0, 1, 0, 2, 0, 0] },
      ],
      attrs: { heads: 2, causal: false, packing: 'none', scale: 0.7, softcap: 0.5 },
    },
  ],
};

export const scaledDotProductAttentionCheck: OpCheck<
  ScaledDotProductAttentionAttrs,
  ScaledDotProductAttentionInputs
> = {
  reference(tensors, { causal = false, scale, softcap }) {
    const [q, k, v, mask] = tensors;
    const lead = new Array<number>(4 - q.shape.length).fill(1);
    const inputs = [q, k, v].map(({ shape, data }) => ({ shape: [...lead, ...shape], data }));
    const [heads, keyValueHeads] = inputs.map(({ shape }) => shape[1]);
    const attrs: AttentionAttrs = {
      heads,
      keyValueHeads,
      causal,
      isTopLeft: true,
      scale,
      softcap,
      packing: 'heads',
    };
    const [{ shape, data }] = attentionRef([...inputs, undefined, mask], attrs, isAddedMask(mask));
    return [{ shape: shape.slice(lead.length), data }];
  },
  samples: [
    {
      name: 'more queries than keys',
      inputs: [{ shape: [2, 2, 5, 4] }, { shape: [2, 2, 3, 4] }, { shape: [2, 2, 3, 4] }, undefined],
      attrs: { causal: true },
    },
    {
      name: 'shared keys',
      inputs: [{ shape: [1, 4, 3, 8] }, { shape: [1, 2, 5, 8] }, { shape: [1, 2, 5, 8] }, undefined],
      attrs: { causal: true, enableGqa: true },
    },
    {
      name: 'a mask of one row',
      inputs: [{ shape: [3, 5] }, { shape: [7, 5] }, { shape: [7, 2] }, { shape: [7] }],
      attrs: { softcap: 0.9 },
    },
    {
      name: 'no keys',
      inputs: [{ shape: [1, 2, 4] }, { shape: [1, 0, 4] }, { shape: [1, 0, 3] }, undefined],
      attrs: {},
    },
    { inputs: [{ shape: [1, 1, 1] }, { shape: [1, 1, 1] }, { shape: [1, 1, 1] }, undefined], attrs: {} },
    {
      name: 'seven blocks of queries',
      inputs: [{ shape: [3, 25, 3] }, { shape: [3, 5, 3] }, { shape: [3, 5, 3] }, { shape: [3, 25, 5] }],
      attrs: {},
      checkGrad: [],
    },
  ],
};
