// One GPT-2 block: x + attention(LN x), then that + MLP(LN of that). Seven kernels forward.
//
// Legend: B batch, T time, C channels.
import { add, dropout, layerNorm, linear, mlp, type Activation, type Tensor } from '@foreword/tensor';
import { changed, type LowRank } from './lora.ts';

/** A block's parameters; linear maps are [inputs, outputs]. */
export interface BlockWeights {
  ln_1: Affine;
  c_attn: Changeable;
  c_proj: Changeable;
  ln_2: Affine;
  mlp_c_fc: Affine;
  mlp_c_proj: Affine;
}

/** A gain or matrix, and the bias added after it. */
export interface Affine {
  weight: Tensor;
  bias: Tensor;
}

/** A linear map that LoRA may change. */
export interface Changeable extends Affine {
  change?: LowRank;
}

export interface BlockOptions {
  eps: number;
  activation: Activation;
  /** Mixes packed queries, keys and values [B, T, 3C] into [B, T, C]. */
  attend: (qkv: Tensor) => Tensor;
  /** Dropout of both residual branches. */
  dropout?: { p: number; seed: Tensor; streams: readonly [attention: number, mlp: number] };
}

/** x [B, T, C] → [B, T, C]. */
export function runBlock(
  x: Tensor,
  w: BlockWeights,
  { eps, activation, attend, dropout: drop }: BlockOptions,
): Tensor {
  const layout = 'in-out';
  const normed = layerNorm(x, w.ln_1.weight, w.ln_1.bias, { eps });
  const packed = linear(normed, w.c_attn.weight, w.c_attn.bias, { layout });
  const qkv = changed(packed, normed, w.c_attn.change);
  const mixed = attend(qkv); // [B, T, C]
  const mlpWeights = {
    w1: w.mlp_c_fc.weight,
    b1: w.mlp_c_fc.bias,
    w2: w.mlp_c_proj.weight,
    b2: w.mlp_c_proj.bias,
  };
  const norm = (y: Tensor): Tensor => layerNorm(y, w.ln_2.weight, w.ln_2.bias, { eps });
  if (!drop || drop.p === 0) {
    const sum = linear(mixed, w.c_proj.weight, w.c_proj.bias, { layout, residual: x });
    const y = changed(sum, mixed, w.c_proj.change);
    return mlp(norm(y), mlpWeights, { layout, activation, residual: y });
  }
  const { p, seed, streams } = drop;
  const branch = changed(linear(mixed, w.c_proj.weight, w.c_proj.bias, { layout }), mixed, w.c_proj.change);
  const y = add(x, dropout(branch, { p, seed, stream: streams[0] }));
  return add(y, dropout(mlp(norm(y), mlpWeights, { layout, activation }), { p, seed, stream: streams[1] }));
}
