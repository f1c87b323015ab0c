// ClipCap's transformer mapper: the feature spread over C rows (or C rows of CLIP, each mapped by itself), P learned rows
// behind them, pre-norm blocks without a mask; what the learned rows have become is the prefix.
//
// Legend: B batch, D feature, R rows it consists of, C rows made of it, P prefix rows, T = C + P, d width.
import { init, LayerNorm, Linear, Mlp, Module, type Parameters } from '@foreword/nn';
import { add, attention, concat, fill, slice, type Tensor } from '@foreword/tensor';
import type { MapperConfig } from './mapper-config.ts';
import { PrefixMapper } from './prefix-mapper.ts';

class MapperAttention extends Module {
  readonly to_queries: Linear;
  readonly to_keys_values: Linear;
  readonly project: Linear;
  readonly heads: number;

  constructor(p: Parameters, d: number, heads: number) {
    super();
    this.heads = heads;
    this.to_queries = new Linear(p.at('to_queries'), d, d, { bias: false });
    this.to_keys_values = new Linear(p.at('to_keys_values'), d, 2 * d, { bias: false });
    this.project = new Linear(p.at('project'), d, d);
  }

  /** Rows `from` [B, S, d] ask all of x [B, T, d] → [B, S, d]. */
  forward(from: Tensor, x: Tensor, residual: Tensor): Tensor {
    const mixed = attention([this.to_queries.forward(from), this.to_keys_values.forward(x)], {
      heads: this.heads,
    });
    return this.project.forward(mixed, { residual });
  }
}

class MapperBlock extends Module {
  readonly norm1: LayerNorm;
  readonly attn: MapperAttention;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;

  constructor(p: Parameters, d: number, heads: number) {
    super();
    this.norm1 = new LayerNorm(p.at('norm1'), d);
    this.attn = new MapperAttention(p.at('attn'), d, heads);
    this.norm2 = new LayerNorm(p.at('norm2'), d);
    this.mlp = new Mlp(p.at('mlp'), d, { hidden: 2 * d, activation: 'relu' });
  }

  /** [B, T, d] → the rows from `first` on, [B, T − first, d]. */
  forward(x: Tensor, first: number): Tensor {
    const wanted = (t: Tensor): Tensor => (first > 0 ? slice(t, { axis: 1, start: first }) : t);
    const normed = this.norm1.forward(x);
    const y = this.attn.forward(wanted(normed), normed, wanted(x));
    return this.mlp.forward(this.norm2.forward(y), { residual: y });
  }
}

class Blocks extends Module {
  readonly layers: readonly MapperBlock[];

  constructor(p: Parameters, count: number, d: number, heads: number) {
    super();
    this.layers = Array.from({ length: count }, (_, i) => new MapperBlock(p.at('layers').at(i), d, heads));
  }
}

export class TransformerMapper extends PrefixMapper {
  readonly prefix_const: Tensor;
  readonly transformer: Blocks;
  /** Spreads the feature, D → C·d. */
  readonly linear: Linear | undefined;
  /** Maps each of the feature's rows, D/R → d; another name, so that no program takes the one for the other. */
  readonly patches: Linear | undefined;

  constructor(p: Parameters, config: MapperConfig) {
    super(p, config);
    const {
      prefixLength: P,
      featureSize: D,
      featureRows: R,
      embeddingSize: d,
      clipLength: C,
      layers,
      heads,
    } = this.config;
    this.prefix_const = p.get('prefix_const', [P, d], init.normal());
    this.transformer = new Blocks(p.at('transformer'), layers, d, heads);
    if (R === 1) this.linear = new Linear(p.at('linear'), D, C * d);
    else this.patches = new Linear(p.at('patches'), D / R, d);
  }

  protected override rows(features: Tensor): Tensor {
    const { prefixLength: P, embeddingSize: d, clipLength: C } = this.config;
    const B = features.dim(0);
    // Added to zeros rather than repeated: the addition knows how to sum the gradient over the batch.
    const learned = add(fill(features.device, [B, P, d], 0), this.prefix_const); // [B, P, d]
    const x = concat([this.#spread(features).reshape([B, C, d]), learned], { axis: 1 }); // [B, T, d]
    const { layers } = this.transformer;
    // The last block makes only the P rows that are wanted.
    return layers.reduce((y, block, i) => block.forward(y, i === layers.length - 1 ? C : 0), x);
  }

  /** The feature's rows: [B, D] → [B, C·d]. Patches carry their place already, CLIP added it. */
  #spread(features: Tensor): Tensor {
    const { featureSize: D, featureRows: R } = this.config;
    if (this.linear) return this.linear.forward(features);
    return this.patches!.forward(features.reshape([features.dim(0), R, D / R]));
  }
}
