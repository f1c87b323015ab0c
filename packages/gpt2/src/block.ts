// One GPT-2 block: x + attention(LN x), then that + MLP(LN of that). Seven kernels forward.
//
// Legend: B batch, T time, C channels.
import { feedForward, init, LayerNorm, Linear, Module, type Parameters } from '@foreword/nn';
import { add, dropout, type Activation, type Tensor } from '@foreword/tensor';
import { mlpActivation, type Gpt2Config } from './config.ts';
import { LoraLinear } from './lora.ts';

/** Mixes packed queries, keys and values [B, T, 3C] into [B, T, C]. */
export type Attend = (qkv: Tensor) => Tensor;

/** GPT-2's initial values (Radford et al. 2019, §2.3, and Hugging Face's GPT2PreTrainedModel); linear maps are [I, O]. */
const linearOptions = ({ initializer_range: std, n_layer }: Gpt2Config, { isResidual = false } = {}) => ({
  layout: 'in-out' as const,
  init: init.normal({ std: isResidual ? std / Math.sqrt(2 * n_layer) : std }),
  biasInit: init.zeros,
});

class SelfAttention extends Module {
  readonly c_attn: LoraLinear;
  readonly c_proj: LoraLinear;

  constructor(p: Parameters, config: Gpt2Config) {
    super();
    const C = config.n_embd;
    this.c_attn = new LoraLinear(p.at('c_attn'), C, 3 * C, linearOptions(config));
    this.c_proj = new LoraLinear(p.at('c_proj'), C, C, linearOptions(config, { isResidual: true }));
  }

  /** x [B, T, C] → [B, T, C] */
  forward(x: Tensor, attend: Attend, residual?: Tensor): Tensor {
    return this.c_proj.forward(attend(this.c_attn.forward(x)), { residual });
  }
}

class FeedForward extends Module {
  readonly c_fc: Linear;
  readonly c_proj: Linear;
  readonly activation: Activation;

  constructor(p: Parameters, config: Gpt2Config) {
    super();
    const { n_embd: C, n_inner } = config;
    this.activation = mlpActivation(config);
    this.c_fc = new Linear(p.at('c_fc'), C, n_inner, linearOptions(config));
    this.c_proj = new Linear(p.at('c_proj'), n_inner, C, linearOptions(config, { isResidual: true }));
  }

  /** x [B, T, C] → [B, T, C] */
  forward(x: Tensor, residual?: Tensor): Tensor {
    return feedForward(x, this.c_fc, this.c_proj, { activation: this.activation, residual });
  }
}

export class Block extends Module {
  readonly ln_1: LayerNorm;
  readonly attn: SelfAttention;
  readonly ln_2: LayerNorm;
  readonly mlp: FeedForward;
  readonly #layer: number;
  readonly #drop: number;

  constructor(p: Parameters, config: Gpt2Config, layer: number) {
    super();
    const { n_embd: C, layer_norm_epsilon: eps, resid_pdrop } = config;
    this.#layer = layer;
    this.#drop = resid_pdrop;
    this.ln_1 = new LayerNorm(p.at('ln_1'), C, { eps });
    this.attn = new SelfAttention(p.at('attn'), config);
    this.ln_2 = new LayerNorm(p.at('ln_2'), C, { eps });
    this.mlp = new FeedForward(p.at('mlp'), config);
  }

  /**
   * x [B, T, C] → [B, T, C]
   * @param dropoutSeed turns dropout of both residual branches on: u32 [2], (seed, step)
   */
  forward(x: Tensor, attend: Attend, dropoutSeed?: Tensor): Tensor {
    const { ln_1, attn, ln_2, mlp } = this;
    if (!dropoutSeed || this.#drop === 0) {
      const y = attn.forward(ln_1.forward(x), attend, x);
      return mlp.forward(ln_2.forward(y), y);
    }
    const drop = (branch: Tensor, stream: number): Tensor =>
      dropout(branch, { p: this.#drop, seed: dropoutSeed, stream: 2 * this.#layer + stream });
    const y = add(x, drop(attn.forward(ln_1.forward(x), attend), 1));
    return add(y, drop(mlp.forward(ln_2.forward(y)), 2));
  }
}
