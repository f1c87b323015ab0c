// GPT-2 (Radford et al. 2019) over input embeddings: hidden rows, logits, and the loss of a range of rows.
//
// Legend: B batch, T time, C channels, V vocabulary, R rows that predict a target.
import {
  Embedding,
  init,
  LayerNorm,
  Module,
  seeded,
  shapesOf,
  type Parameters,
  type StorageOptions,
} from '@foreword/nn';
import {
  add,
  attention,
  cast,
  concat,
  dropout,
  linear,
  linearCrossEntropy,
  noGrad,
  ShapeError,
  slice,
  type Device,
  type Shape,
  type Tensor,
} from '@foreword/tensor';
import { Block } from './block.ts';
import type { Gpt2Config } from './config.ts';
import type { Lora } from './lora.ts';

export interface HiddenOptions {
  /** Position of the first row. Default 0, or that behind `past`. */
  offset?: number;
  /**
   * Keys and values of P rows before the first one, [B, P, L·2C]: for each of L layers its keys [C], then its values
   * [C]. What prefix-tuning (Li & Liang 2021) learns; every row attends to all of them.
   */
  past?: Tensor;
  /** Turns dropout on, at the configuration's rates: u32 [2], (seed, step). */
  dropoutSeed?: Tensor;
}

export interface LossOptions extends HiddenOptions {
  /** The row that predicts the first target; the following rows predict the others. Default 0. */
  firstRow?: number;
  /** Targets with this id do not count. */
  ignoreIndex?: number;
  /** What each target's loss is multiplied by [B, R], of any sign; the mean still divides by the number of targets. */
  weights?: Tensor;
  /** Share of a target's weight that is spread over the vocabulary. Default 0. */
  labelSmoothing?: number;
}

/**
 * Parameters have Hugging Face's names.
 * @example
 * const model = new Gpt2(seeded(device, { seed: 1 }), config); // trainable; loadGpt2 and load give frozen ones
 */
export class Gpt2 extends Module {
  readonly device: Device;
  readonly config: Gpt2Config;
  readonly wte: Embedding;
  readonly wpe: Embedding;
  readonly h: readonly Block[];
  readonly ln_f: LayerNorm;

  constructor(p: Parameters, config: Gpt2Config) {
    super();
    const { vocab_size: V, n_positions, n_embd: C, n_layer, initializer_range: std } = config;
    const table = { init: init.normal({ std }) };
    this.config = config;
    this.wte = new Embedding(p.at('wte'), V, C, table);
    this.wpe = new Embedding(p.at('wpe'), n_positions, C, table);
    this.h = Array.from({ length: n_layer }, (_, i) => new Block(p.at('h').at(i), config, i));
    this.ln_f = new LayerNorm(p.at('ln_f'), C, { eps: config.layer_norm_epsilon });
    this.device = this.wte.weight.device;
  }

  /** A frozen model with GPT-2's initial weights; the same for the same seed on every machine. */
  static random(device: Device, config: Gpt2Config, seed: number, options: StorageOptions = {}): Gpt2 {
    return new Gpt2(seeded(device, { seed, ...options }), config).trainable(false);
  }

  /** Computes with these changes of its matrices from now on, or without any; plans compiled before keep what they had. */
  adapt(lora: Lora | undefined): this {
    this.h.forEach(({ attn }, i) => {
      attn.c_attn.adapt(lora?.h[i].attn.c_attn);
      attn.c_proj.adapt(lora?.h[i].attn.c_proj);
    });
    return this;
  }

  /** Writes the changes that `adapt` gave into the matrices, and computes with these alone; the caller frees the changes. */
  merge(): this {
    const { device } = this;
    device.scope(() =>
      noGrad(device, () => {
        for (const { attn } of this.h) for (const map of [attn.c_attn, attn.c_proj]) map.merge();
      }),
    );
    return this.adapt(undefined);
  }

  /** The token table wte [V, C], which is also the output layer. */
  get tokenTable(): Tensor {
    return this.wte.weight;
  }

  /** Token embeddings without positions: ids [...] (u32 or i32) → [..., C]. */
  embed(ids: Tensor): Tensor {
    return this.wte.forward(ids);
  }

  /** Adds the position embeddings of positions offset … offset + T − 1: [B, T, C] → [B, T, C]. */
  addPositions(embeddings: Tensor, offset = 0): Tensor {
    const end = offset + embeddings.dim(1);
    const { n_positions } = this.config;
    if (end > n_positions) {
      throw new ShapeError(
        `Gpt2: positions ${offset} to ${end - 1} are over the model's ${n_positions}; use fewer rows`,
      );
    }
    const rows = slice(this.wpe.weight, { axis: 0, start: offset, end });
    return add(embeddings, rows.dtype === 'f32' ? rows : cast(rows, 'f32'));
  }

  /** The same with one position, given on the GPU (u32 [1]), for all rows: [B, 1, C] → [B, 1, C]. */
  addPosition(embeddings: Tensor, position: Tensor): Tensor {
    return add(embeddings, this.wpe.forward(position));
  }

  /**
   * Input embeddings [B, T, C] → rows after the last block, before ln_f [B, T, C]. Position embeddings are added here.
   * @throws ShapeError when the rows are wider than the model or go beyond its positions, or `past` is none of its.
   */
  hidden(embeddings: Tensor, { past, offset, dropoutSeed }: HiddenOptions = {}): Tensor {
    const { n_head: heads, n_embd, embd_pdrop } = this.config;
    if (embeddings.rank !== 3 || embeddings.dim(2) !== n_embd) {
      throw new ShapeError(`Gpt2: embeddings [${embeddings.shape.join(', ')}] are no [B, T, ${n_embd}]`);
    }
    if (past) this.#assertPast(past, embeddings.dim(0));
    const x = this.addPositions(embeddings, offset ?? past?.dim(1) ?? 0);
    const dropped =
      dropoutSeed && embd_pdrop > 0 ? dropout(x, { p: embd_pdrop, seed: dropoutSeed, stream: 0 }) : x;
    const inputs = (qkv: Tensor, layer: number): Tensor[] =>
      past ? behindPast(this.pastOf(past, layer), qkv) : [qkv];
    return this.blocks(
      dropped,
      (qkv, layer) => attention(inputs(qkv, layer), { heads, causal: true }),
      dropoutSeed,
    );
  }

  /** One layer's keys and values of `past` (see {@link HiddenOptions}): [B, P, L·2C] → [B, P, 2C]. */
  pastOf(past: Tensor, layer: number): Tensor {
    const W = 2 * this.config.n_embd;
    return slice(past, { axis: 2, start: layer * W, end: (layer + 1) * W });
  }

  #assertPast(past: Tensor, B: number): void {
    const W = 2 * this.config.n_layer * this.config.n_embd;
    if (past.rank !== 3 || past.dim(0) !== B || past.dim(2) !== W) {
      throw new ShapeError(`Gpt2: the past [${past.shape.join(', ')}] is no [${B}, P, ${W}]`);
    }
  }

  /** Runs the blocks with the caller's attention over packed queries, keys and values (a cache, for one). */
  blocks(x: Tensor, attend: (qkv: Tensor, layer: number) => Tensor, dropoutSeed?: Tensor): Tensor {
    return this.h.reduce((y, block, i) => block.forward(y, (qkv) => attend(qkv, i), dropoutSeed), x);
  }

  /** The final LayerNorm: [..., C] → [..., C]. */
  normalise(hidden: Tensor): Tensor {
    return this.ln_f.forward(hidden);
  }

  /** Next-token logits of rows from {@link Gpt2.hidden}: [..., C] → [..., V]. */
  logits(hidden: Tensor): Tensor {
    return linear(this.normalise(hidden), this.tokenTable);
  }

  /**
   * Mean cross-entropy of targets [B, R] (u32 or i32) predicted by rows firstRow … firstRow + R − 1 of the
   * sequence `embeddings` [B, T, C]. Only those rows meet ln_f and the vocabulary, and no logits are kept.
   * @example
   * // ClipCap: P prefix rows, then the caption; the last prefix row predicts its first token.
   * model.loss(concat([prefix, model.embed(tokens)], { axis: 1 }), tokens, { firstRow: P - 1, ignoreIndex: 0 });
   */
  loss(
    embeddings: Tensor,
    targets: Tensor,
    { firstRow = 0, ignoreIndex, weights, labelSmoothing, ...options }: LossOptions = {},
  ): Tensor {
    const [B, T, C] = embeddings.shape;
    const R = targets.dim(-1);
    if (targets.rank !== 2 || targets.dim(0) !== B || firstRow + R > T) {
      throw new ShapeError(
        `Gpt2: targets [${targets.shape.join(', ')}] from row ${firstRow} do not fit embeddings [${embeddings.shape.join(', ')}]`,
      );
    }
    const hidden = this.hidden(embeddings, options);
    const rows = R === T ? hidden : slice(hidden, { axis: 1, start: firstRow, end: firstRow + R }); // [B, R, C]
    const normalised = this.normalise(rows).reshape([B * R, C]);
    return linearCrossEntropy(normalised, this.tokenTable, targets.reshape([B * R]), {
      ignoreIndex,
      weights: weights?.reshape([B * R]),
      labelSmoothing,
    });
  }
}

/** Names and shapes of the parameters, in checkpoint order. Linear maps are Conv1D: [inputs, outputs], y = x·W + b. */
export const parameterShapes = (config: Gpt2Config): Map<string, Shape> =>
  shapesOf((p) => new Gpt2(p, config));

/** Queries [B, T, C], then keys and values [B, P + T, 2C] of the past [B, P, 2C] and of the rows themselves [B, T, 3C]. */
export function behindPast(past: Tensor, qkv: Tensor): Tensor[] {
  const C = qkv.dim(2) / 3;
  const own = slice(qkv, { axis: 2, start: C });
  return [slice(qkv, { axis: 2, end: C }), concat([past, own], { axis: 1 })];
}
