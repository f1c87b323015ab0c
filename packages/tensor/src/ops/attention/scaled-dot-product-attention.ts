// scaledDotProductAttention: attention in PyTorch's layout, [B, H, T, D], and by PyTorch's rules.
import { assertOptions, assertTensor } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import { defineOp, type CompositeDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { reshape } from '../move/reshape.ts';
import { assertScoreOptions, attend, type AttentionOptions } from './attention.ts';

export interface ScaledDotProductAttentionAttrs {
  /** Query i sees keys 0 … i, however many there are. */
  causal?: boolean;
  scale?: number;
  softcap?: number;
  /** k and v may have fewer heads than q, a divisor of theirs. */
  enableGqa?: boolean;
}

export type ScaledDotProductAttentionInputs = readonly [Tensor, Tensor, Tensor, Tensor | undefined];

const definition: CompositeDefinition<ScaledDotProductAttentionAttrs, ScaledDotProductAttentionInputs> = {
  name: 'scaledDotProductAttention',
  inputs: ['q', 'k', 'v', 'mask'],
  compose([q, k, v, mask], { causal = false, scale, softcap, enableGqa = false }) {
    const parts = [q, k, v];
    const show = `q ${formatShape(q.shape)} · k ${formatShape(k.shape)} · v ${formatShape(v.shape)}`;
    if (q.rank < 2 || q.rank > 4 || parts.some((t) => t.rank !== q.rank))
      throw new ShapeError(
        `scaledDotProductAttention: [B, H, T, D], [H, T, D] or [T, D] is wanted of all three: ${show}`,
      );
    const lead = new Array<number>(4 - q.rank).fill(1);
    const inputs = lead.length === 0 ? parts : parts.map((t) => reshape(t, [...lead, ...t.shape]));
    const [heads, keyValueHeads] = inputs.map((t) => t.shape[1]);
    if (heads !== keyValueHeads && !enableGqa)
      throw new ShapeError(
        `scaledDotProductAttention: ${heads} heads of queries, ${keyValueHeads} of keys: ${show}; enableGqa lets them share`,
      );
    const attrs = { heads, keyValueHeads, causal, isTopLeft: true, scale, softcap };
    const out = attend([...inputs, undefined, mask], { ...attrs, packing: 'heads' });
    return [lead.length === 0 ? out : reshape(out, out.shape.slice(lead.length))];
  },
};

export interface ScaledDotProductAttentionOptions
  extends ScaledDotProductAttentionAttrs, Pick<AttentionOptions, 'mask'> {}

/**
 * PyTorch's `scaled_dot_product_attention`: softmax(q·kᵀ·scale + mask)·v for q [B, H, Tq, D], k [B, H, Tk, D],
 * v [B, H, Tk, Dv] → [B, H, Tq, Dv]; B, or B and H, may be absent from all three. Nothing is copied.
 *
 * `causal` counts from the first key, as in PyTorch; that of `attention` from the last. A query that sees no key gets zeros,
 * as in PyTorch from 2.5 on. PyTorch refuses a mask together with `is_causal`; here both apply. For the mask and the other
 * options see `attention`.
 * @throws ShapeError when the tensors do not fit each other or the mask.
 * @example
 * scaledDotProductAttention(q, k, v, { causal: true, scale: 0.1 });
 */
export const scaledDotProductAttention = defineOp(
  definition,
  (apply) =>
    (q: Tensor, k: Tensor, v: Tensor, options: ScaledDotProductAttentionOptions = {}): Tensor => {
      for (const [name, t] of Object.entries({ q, k, v })) assertTensor('scaledDotProductAttention', name, t);
      assertOptions('scaledDotProductAttention', options, [
        'mask',
        'causal',
        'scale',
        'softcap',
        'enableGqa',
      ]);
      assertScoreOptions('scaledDotProductAttention', options);
      const { mask, ...attrs } = options;
      return apply([q, k, v, mask], attrs)[0];
    },
);
