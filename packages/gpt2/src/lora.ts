// LoRA (Hu et al. 2021, §4.1): low-rank changes of frozen matrices, here of every layer's queries, keys and values, and
// of its attention's output.
//
// Legend: C channels, I inputs, O outputs, r rank.
import {
  init,
  Linear,
  loadModule,
  Module,
  type LinearForwardOptions,
  type Parameters,
  type TensorSource,
} from '@foreword/nn';
import { add, cast, copyInto, linear, transpose, type Device, type Tensor } from '@foreword/tensor';
import { Gpt2ConfigError, type Gpt2Config } from './config.ts';

export interface LoraConfig {
  /** r, from 1. */
  rank: number;
  /** α: changes are scaled by α / r. */
  alpha: number;
}

/** What PEFT's adapter files put before GPT-2's names. */
export const peftPrefix = 'base_model.model.transformer.';

/** A change of one linear map: y becomes y + α/r · (x·Aᵀ)·Bᵀ. At first B is zero, so that nothing changes. */
class LowRank extends Module {
  /** A [r, I], uniform in ±1/√I at first as in the paper's program. */
  readonly lora_A: Linear;
  /** B [O, r] */
  readonly lora_B: Linear;
  readonly #scale: number;

  constructor(p: Parameters, inputs: number, outputs: number, { rank, alpha }: LoraConfig) {
    super();
    this.lora_A = new Linear(p.at('lora_A'), inputs, rank, { bias: false });
    this.lora_B = new Linear(p.at('lora_B'), rank, outputs, { bias: false, init: init.zeros });
    this.#scale = alpha / rank;
  }

  /** y [..., O] of x [..., I], changed. With B at zero it is y to the last bit. */
  changed(y: Tensor, x: Tensor): Tensor {
    return this.lora_B.forward(this.lora_A.forward(x).affine(this.#scale), { residual: y });
  }

  /** The change of a matrix [I, O]: α/r · Aᵀ·Bᵀ. */
  matrix(): Tensor {
    return linear(transpose(this.lora_A.weight, [1, 0]), this.lora_B.weight).affine(this.#scale);
  }
}

/** A linear map [I, O] that a change may be given to, which is no part of it. */
export class LoraLinear extends Linear {
  #change: LowRank | undefined;

  adapt(change: LowRank | undefined): void {
    this.#change = change;
  }

  override forward(x: Tensor, { residual }: Pick<LinearForwardOptions, 'residual'> = {}): Tensor {
    const y = super.forward(x, { residual });
    return this.#change ? this.#change.changed(y, x) : y;
  }

  /** Writes the change into the matrix. */
  merge(): void {
    const { weight } = this;
    if (!this.#change) return;
    copyInto(add(weight.dtype === 'f32' ? weight : cast(weight, 'f32'), this.#change.matrix()), weight);
  }
}

class AttentionChange extends Module {
  readonly c_attn: LowRank;
  readonly c_proj: LowRank;

  constructor(p: Parameters, C: number, config: LoraConfig) {
    super();
    this.c_attn = new LowRank(p.at('c_attn'), C, 3 * C, config);
    this.c_proj = new LowRank(p.at('c_proj'), C, C, config);
  }
}

class BlockChange extends Module {
  readonly attn: AttentionChange;

  constructor(p: Parameters, C: number, config: LoraConfig) {
    super();
    this.attn = new AttentionChange(p.at('attn'), C, config);
  }
}

/**
 * The changes of one GPT-2; `model.adapt(lora)` puts them to work, `model.merge()` writes them into the weights. In files
 * their names stand behind {@link peftPrefix}.
 * @example
 * const lora = new Lora(seeded(device, { seed: 1 }), model.config, { rank: 4, alpha: 32 });
 * model.adapt(lora);
 * const optimiser = new AdamW(lora.namedParameters(), { variant: 'transformers' });
 */
export class Lora extends Module {
  readonly config: LoraConfig;
  readonly h: readonly BlockChange[];

  /** @throws Gpt2ConfigError for a rank or α that makes no sense. */
  constructor(
    p: Parameters,
    { n_layer, n_embd }: Pick<Gpt2Config, 'n_layer' | 'n_embd'>,
    config: LoraConfig,
  ) {
    super();
    assertConfig(config);
    this.config = config;
    this.h = Array.from({ length: n_layer }, (_, i) => new BlockChange(p.at('h').at(i), n_embd, config));
  }

  /**
   * Frozen changes from a checkpoint that holds them among others, under PEFT's names.
   * @throws CheckpointError when one is missing or has another shape.
   */
  static async load(
    device: Device,
    model: Gpt2Config,
    config: LoraConfig,
    weights: TensorSource,
  ): Promise<Lora> {
    const rename = (name: string): string | undefined =>
      name.startsWith(peftPrefix) ? name.slice(peftPrefix.length) : undefined;
    return await loadModule(weights, (p) => new Lora(p, model, config), { device, rename });
  }
}

/** True for a checkpoint that holds such changes. */
export const hasLora = (checkpoint: TensorSource): boolean =>
  [...checkpoint.names()].some((name) => name.startsWith(peftPrefix) && name.includes('.lora_A.'));

function assertConfig({ rank, alpha }: LoraConfig): void {
  if (!Number.isInteger(rank) || rank < 1)
    throw new Gpt2ConfigError(`LoRA: the rank is ${rank}; a whole number from 1 is needed`);
  if (!(alpha > 0 && alpha < Infinity))
    throw new Gpt2ConfigError(`LoRA: alpha is ${alpha}; a number above 0 is needed`);
}
