// ClipCap's transformer mapper: the feature spread over C rows (or C rows of CLIP, each mapped by itself), P learned rows
// behind them, pre-norm blocks without a mask; what the learned rows have become is the prefix.
//
// Legend: B batch, D feature, C rows of the feature, P prefix rows, T = C + P, d width.
import { add, attention, concat, fill, layerNorm, linear, mlp, slice, type Tensor } from '@foreword/tensor';
import { PrefixMapper } from './prefix-mapper.ts';

export class TransformerMapper extends PrefixMapper {
  override forward(features: Tensor): Tensor {
    this.assertFeatures(features);
    const { prefixLength: P, embeddingSize: d, clipLength: C, layers } = this.config;
    const B = features.dim(0);
    const spread = this.#spread(features);
    // Added to zeros rather than repeated: the addition knows how to sum the gradient over the batch.
    const learned = add(fill(this.device, [B, P, d], 0), this.parameter('prefix_const')); // [B, P, d]
    let x = concat([spread.reshape([B, C, d]), learned], { axis: 1 }); // [B, T, d]
    for (let i = 0; i < layers; i++) x = this.#block(x, i);
    return x;
  }

  /** The feature's rows: [B, D] → [B, C·d]. Patches carry their place already, CLIP added it. */
  #spread(features: Tensor): Tensor {
    const { featureSize: D, featureRows: R } = this.config;
    if (R === 1) return linear(features, this.parameter('linear.weight'), this.parameter('linear.bias'));
    const rows = features.reshape([features.dim(0), R, D / R]);
    return linear(rows, this.parameter('patches.weight'), this.parameter('patches.bias'));
  }

  /** [B, T, d] → [B, T, d]; the last block makes only the P rows that are wanted, [B, P, d]. */
  #block(x: Tensor, i: number): Tensor {
    const { clipLength: C, heads, layers } = this.config;
    const of = (name: string): Tensor => this.parameter(`transformer.layers.${i}.${name}`);
    const wanted = (t: Tensor): Tensor => (i === layers - 1 ? slice(t, { axis: 1, start: C }) : t);
    const normed = layerNorm(x, of('norm1.weight'), of('norm1.bias'), { eps: 1e-5 });
    const queries = linear(wanted(normed), of('attn.to_queries.weight'));
    const keysValues = linear(normed, of('attn.to_keys_values.weight')); // [B, T, 2d]
    const mixed = attention([queries, keysValues], { heads });
    const y = linear(mixed, of('attn.project.weight'), of('attn.project.bias'), { residual: wanted(x) });
    const weights = {
      w1: of('mlp.fc1.weight'),
      b1: of('mlp.fc1.bias'),
      w2: of('mlp.fc2.weight'),
      b2: of('mlp.fc2.bias'),
    };
    const normedAgain = layerNorm(y, of('norm2.weight'), of('norm2.bias'), { eps: 1e-5 });
    return mlp(normedAgain, weights, { activation: 'relu', residual: y });
  }
}
