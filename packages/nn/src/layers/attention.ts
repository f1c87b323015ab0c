// Multi-head self-attention (Vaswani et al. 2017, §3.2) in three kernels.
//
// Legend: B batch, T time, C channels.
import { attention, type Tensor, type WeightLayout } from '@foreword/tensor';
import type { Init } from '../init.ts';
import { Module } from '../module.ts';
import { ModuleError } from '../nn-error.ts';
import type { Parameters } from '../parameters.ts';
import { Linear } from './linear.ts';

export interface AttentionOptions {
  heads: number;
  /** No row sees a later one; default false. */
  causal?: boolean;
  bias?: boolean;
  layout?: WeightLayout;
  init?: Init;
}

export class Attention extends Module {
  /** Queries, keys and values in one map: C → 3C. */
  readonly qkv: Linear;
  readonly proj: Linear;
  readonly heads: number;
  readonly causal: boolean;

  constructor(p: Parameters, width: number, { heads, causal = false, ...options }: AttentionOptions) {
    super();
    if (width % heads !== 0)
      throw new ModuleError(`Attention: width ${width} is not divisible by ${heads} heads`);
    this.heads = heads;
    this.causal = causal;
    this.qkv = new Linear(p.at('qkv'), width, 3 * width, options);
    this.proj = new Linear(p.at('proj'), width, width, options);
  }

  /** x [B, T, C] → [B, T, C]; `residual` is added in the last kernel. */
  forward(x: Tensor, { residual }: { residual?: Tensor } = {}): Tensor {
    const mixed = attention([this.qkv.forward(x)], { heads: this.heads, causal: this.causal });
    return this.proj.forward(mixed, { residual });
  }
}
