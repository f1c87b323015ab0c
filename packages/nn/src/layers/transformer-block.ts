// A pre-norm Transformer block: x + attention(norm x), then that + MLP(norm of that). Seven kernels without dropout.
//
// Legend: B batch, T time, C channels.
import { add, type Activation, type Tensor, type WeightLayout } from '@foreword/tensor';
import type { Init } from '../init.ts';
import { Module } from '../module.ts';
import type { Parameters } from '../parameters.ts';
import { Attention } from './attention.ts';
import { Dropout } from './dropout.ts';
import { LayerNorm } from './layer-norm.ts';
import { Mlp } from './mlp.ts';

export interface TransformerBlockOptions {
  heads: number;
  causal?: boolean;
  /** Width of the MLP; default 4·C. */
  hidden?: number;
  /** Default 'gelu'. */
  activation?: Activation;
  /** Of both branches, in training mode; default 0. */
  dropout?: number;
  /** Of the norms; default 1e-5. */
  eps?: number;
  bias?: boolean;
  layout?: WeightLayout;
  init?: Init;
}

export class TransformerBlock extends Module {
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;
  readonly drop1: Dropout;
  readonly drop2: Dropout;

  constructor(p: Parameters, width: number, options: TransformerBlockOptions) {
    super();
    const { heads, causal, hidden = 4 * width, activation, dropout = 0, eps, ...linear } = options;
    this.norm1 = new LayerNorm(p.at('norm1'), width, { eps });
    this.attn = new Attention(p.at('attn'), width, { heads, causal, ...linear });
    this.norm2 = new LayerNorm(p.at('norm2'), width, { eps });
    this.mlp = new Mlp(p.at('mlp'), width, { hidden, activation, ...linear });
    this.drop1 = new Dropout(dropout);
    this.drop2 = new Dropout(dropout);
  }

  /** x [B, T, C] → [B, T, C]; `seed` is dropout's, see {@link Dropout}. */
  forward(x: Tensor, { seed }: { seed?: Tensor } = {}): Tensor {
    const { norm1, attn, norm2, mlp, drop1, drop2 } = this;
    if (!this.training || drop1.p === 0) {
      const y = attn.forward(norm1.forward(x), { residual: x });
      return mlp.forward(norm2.forward(y), { residual: y });
    }
    const y = add(x, drop1.forward(attn.forward(norm1.forward(x)), { seed }));
    return add(y, drop2.forward(mlp.forward(norm2.forward(y)), { seed }));
  }
}
