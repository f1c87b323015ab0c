// The pre-norm transformer both towers are made of.
//
// Legend: B batch, T time (patches or tokens), C channels.
import { attention, layerNorm, linear, mlp, type Tensor } from '@foreword/tensor';
import type { ClipActivation } from './clip-config.ts';

/** A tower's parameters by the end of their name; throws when there is none of that name. */
export type Lookup = (name: string) => Tensor;

export interface TransformerOptions {
  layers: number;
  heads: number;
  causal: boolean;
  activation: ClipActivation;
  /**
   * Chooses the rows that are wanted in the end. The last block's projection and MLP then run on those alone:
   * the features need one row of each sequence.
   */
  pick?: (x: Tensor) => Tensor;
}

/** x [B, T, C] through all blocks → [B, T, C], or what `pick` makes of that. */
export function transformer(input: Tensor, at: Lookup, options: TransformerOptions): Tensor {
  const { layers, heads, causal, activation, pick } = options;
  let x = input;
  for (let i = 0; i < layers; i++) {
    const of = (name: string): Tensor => at(`resblocks.${i}.${name}`);
    const normed = layerNorm(x, of('ln_1.weight'), of('ln_1.bias'));
    const qkv = linear(normed, of('attn.in_proj_weight'), of('attn.in_proj_bias')); // [B, T, 3C]
    let mixed = attention([qkv], { heads, causal });
    if (pick && i === layers - 1) {
      mixed = pick(mixed);
      x = pick(x);
    }
    x = linear(mixed, of('attn.out_proj.weight'), of('attn.out_proj.bias'), { residual: x });
    const weights = {
      w1: of('mlp.c_fc.weight'),
      b1: of('mlp.c_fc.bias'),
      w2: of('mlp.c_proj.weight'),
      b2: of('mlp.c_proj.bias'),
    };
    x = mlp(layerNorm(x, of('ln_2.weight'), of('ln_2.bias')), weights, { activation, residual: x });
  }
  return x;
}
