// The pre-norm transformer both towers are made of.
//
// Legend: B batch, T time (patches or tokens), C channels.
import { feedForward, init, LayerNorm, Linear, Module, type Init, type Parameters } from '@foreword/nn';
import { attention, linear, type Tensor } from '@foreword/tensor';
import { mlpRatio, type ClipActivation, type TowerConfig } from './clip-config.ts';

/** How matrices begin; where nothing is said, as torch.nn.Linear's. */
export interface BlockInit {
  inProj: Init;
  outProj?: Init;
  fc?: Init;
  proj?: Init;
}

export interface TransformerOptions extends TowerConfig {
  causal: boolean;
  activation: ClipActivation;
  init: BlockInit;
}

/** Chooses rows of x [B, T, C]. */
export type Pick = (x: Tensor) => Tensor;

/** torch.nn.MultiheadAttention, whose names these are. */
class MultiheadAttention extends Module {
  readonly in_proj_weight: Tensor;
  readonly in_proj_bias: Tensor;
  readonly out_proj: Linear;
  readonly heads: number;
  readonly causal: boolean;

  constructor(p: Parameters, { width: C, heads, causal, init: { inProj, outProj } }: TransformerOptions) {
    super();
    this.heads = heads;
    this.causal = causal;
    this.in_proj_weight = p.get('in_proj_weight', [3 * C, C], inProj);
    this.in_proj_bias = p.get('in_proj_bias', [3 * C], init.zeros);
    this.out_proj = new Linear(p.at('out_proj'), C, C, { init: outProj, biasInit: init.zeros });
  }

  forward(x: Tensor, { residual, pick }: { residual: Tensor; pick: Pick }): Tensor {
    const { heads, causal } = this;
    const qkv = linear(x, this.in_proj_weight, this.in_proj_bias); // [B, T, 3C]
    return this.out_proj.forward(pick(attention([qkv], { heads, causal })), { residual: pick(residual) });
  }
}

class FeedForward extends Module {
  readonly c_fc: Linear;
  readonly c_proj: Linear;
  readonly activation: ClipActivation;

  constructor(p: Parameters, { width: C, activation, init: { fc, proj } }: TransformerOptions) {
    super();
    this.activation = activation;
    this.c_fc = new Linear(p.at('c_fc'), C, mlpRatio * C, { init: fc });
    this.c_proj = new Linear(p.at('c_proj'), mlpRatio * C, C, { init: proj });
  }

  forward(x: Tensor, residual: Tensor): Tensor {
    return feedForward(x, this.c_fc, this.c_proj, { activation: this.activation, residual });
  }
}

class Block extends Module {
  readonly attn: MultiheadAttention;
  readonly ln_1: LayerNorm;
  readonly mlp: FeedForward;
  readonly ln_2: LayerNorm;

  constructor(p: Parameters, options: TransformerOptions) {
    super();
    this.attn = new MultiheadAttention(p.at('attn'), options);
    this.ln_1 = new LayerNorm(p.at('ln_1'), options.width);
    this.mlp = new FeedForward(p.at('mlp'), options);
    this.ln_2 = new LayerNorm(p.at('ln_2'), options.width);
  }

  forward(x: Tensor, pick: Pick): Tensor {
    const y = this.attn.forward(this.ln_1.forward(x), { residual: x, pick });
    return this.mlp.forward(this.ln_2.forward(y), y);
  }
}

export class Transformer extends Module {
  readonly resblocks: readonly Block[];

  constructor(p: Parameters, options: TransformerOptions) {
    super();
    this.resblocks = Array.from(
      { length: options.layers },
      (_, i) => new Block(p.at('resblocks').at(i), options),
    );
  }

  /**
   * x [B, T, C] through all blocks → [B, T, C], or what `pick` makes of that: the last block's projection and MLP run on
   * these rows alone, as the features need one of each sequence.
   */
  forward(x: Tensor, pick: Pick = (t) => t): Tensor {
    const last = this.resblocks.length - 1;
    return this.resblocks.reduce((y, block, i) => block.forward(y, i === last ? pick : (t) => t), x);
  }
}
