// GPT-2 (Radford et al. 2019) over input embeddings: hidden rows, logits, and the loss of a range of rows.
//
// Legend: B batch, T time, C channels, V vocabulary, R rows that predict a target.
import {
  add,
  attention,
  cast,
  concat,
  copyInto,
  dropout,
  embedding,
  layerNorm,
  linear,
  linearCrossEntropy,
  noGrad,
  ShapeError,
  slice,
  tensor,
  type Device,
  type DType,
  type SafetensorsEntry,
  type Tensor,
} from '@foreword/tensor';
import { runBlock, type Affine, type BlockWeights } from './block.ts';
import { locateParameters } from './checkpoint-names.ts';
import { mlpActivation, type Gpt2Config } from './config.ts';
import { initialValues } from './initial-weights.ts';
import { changeOfMatrix, type Lora } from './lora.ts';
import { parameterShapes } from './parameter-shapes.ts';

/** A tensor on the host, row-major. */
export interface HostTensor {
  shape: readonly number[];
  data: ArrayLike<number>;
}

export interface WeightOptions {
  /** Storage of the matrices; gains and biases are always f32. Default f32. */
  dtype?: DType & ('f32' | 'f16');
}

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

export class Gpt2 {
  readonly device: Device;
  readonly config: Gpt2Config;
  readonly #parameters: ReadonlyMap<string, Tensor>;
  #blocks: readonly BlockWeights[];
  #lora: Lora | undefined;

  /** @param parameters tensors of `parameterShapes(config)`; use {@link Gpt2.fromTensors}, `loadGpt2` or {@link Gpt2.random}. */
  constructor(device: Device, config: Gpt2Config, parameters: ReadonlyMap<string, Tensor>) {
    this.device = device;
    this.config = config;
    this.#parameters = parameters;
    this.#blocks = this.#makeBlocks();
  }

  #makeBlocks(lora?: Lora): BlockWeights[] {
    return Array.from({ length: this.config.n_layer }, (_, i) => ({
      ln_1: this.#affine(`h.${i}.ln_1`),
      c_attn: { ...this.#affine(`h.${i}.attn.c_attn`), change: lora?.at(i, 'attn.c_attn') },
      c_proj: { ...this.#affine(`h.${i}.attn.c_proj`), change: lora?.at(i, 'attn.c_proj') },
      ln_2: this.#affine(`h.${i}.ln_2`),
      mlp_c_fc: this.#affine(`h.${i}.mlp.c_fc`),
      mlp_c_proj: this.#affine(`h.${i}.mlp.c_proj`),
    }));
  }

  /**
   * A model from host tensors under Hugging Face's names (see `locateParameters` for what is tolerated).
   * @throws Gpt2CheckpointError when they do not fit the configuration.
   */
  static fromTensors(
    device: Device,
    config: Gpt2Config,
    source: ReadonlyMap<string, HostTensor>,
    options: WeightOptions = {},
  ): Gpt2 {
    const places = locateParameters(
      config,
      [...source].map(([name, { shape }]) => [name, shape] as const),
    );
    return Gpt2.#make(device, config, options, (name) => source.get(places.get(name)!)!.data);
  }

  /** A model with GPT-2's initial weights; the same for the same seed on every machine. */
  static random(device: Device, config: Gpt2Config, seed: number, options: WeightOptions = {}): Gpt2 {
    return Gpt2.#make(device, config, options, (name, shape, stream) =>
      initialValues(name, shape, { config, seed, stream }),
    );
  }

  static #make(
    device: Device,
    config: Gpt2Config,
    options: WeightOptions,
    values: (name: string, shape: readonly number[], index: number) => ArrayLike<number>,
  ): Gpt2 {
    const parameters = new Map<string, Tensor>();
    for (const [name, shape] of parameterShapes(config)) {
      const dtype = weightDtype(shape, options);
      parameters.set(
        name,
        tensor(device, values(name, shape, parameters.size), shape, { dtype, persistent: true }),
      );
    }
    return new Gpt2(device, config, parameters);
  }

  #affine(name: string): Affine {
    return { weight: this.#parameter(`${name}.weight`), bias: this.#parameter(`${name}.bias`) };
  }

  #parameter(name: string): Tensor {
    const found = this.#parameters.get(name);
    if (!found) throw new ShapeError(`Gpt2: the parameter ${name} is missing`);
    return found;
  }

  /** Parameters under Hugging Face's names. They are frozen until {@link Gpt2.trainable}. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  /** Makes all parameters trainable, or frozen again. */
  trainable(on = true): this {
    for (const parameter of this.#parameters.values()) parameter.trainable(on);
    return this;
  }

  /** Computes with these changes of its matrices from now on, or without any; plans compiled before keep what they had. */
  adapt(lora: Lora | undefined): this {
    this.#lora = lora;
    this.#blocks = this.#makeBlocks(lora);
    return this;
  }

  /** Writes the changes that `adapt` gave into the matrices, and computes with these alone; the caller frees the changes. */
  merge(): this {
    const { device } = this;
    device.scope(() =>
      noGrad(device, () => {
        for (const { c_attn, c_proj } of this.#lora ? this.#blocks : []) {
          for (const { weight, change } of [c_attn, c_proj])
            copyInto(add(cast32(weight), changeOfMatrix(change!)), weight);
        }
      }),
    );
    return this.adapt(undefined);
  }

  /** The token table wte [V, C], which is also the output layer. */
  get tokenTable(): Tensor {
    return this.#parameter('wte.weight');
  }

  /** Token embeddings without positions: ids [...] (u32 or i32) → [..., C]. */
  embed(ids: Tensor): Tensor {
    return cast32(embedding(this.tokenTable, ids));
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
    return add(embeddings, cast32(slice(this.#parameter('wpe.weight'), { axis: 0, start: offset, end })));
  }

  /** The same with one position, given on the GPU (u32 [1]), for all rows: [B, 1, C] → [B, 1, C]. */
  addPosition(embeddings: Tensor, position: Tensor): Tensor {
    return add(embeddings, cast32(embedding(this.#parameter('wpe.weight'), position)));
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
    const { layer_norm_epsilon: eps, resid_pdrop: p } = this.config;
    const activation = mlpActivation(this.config);
    return this.#blocks.reduce((y, weights, i) => {
      const drop = dropoutSeed && { p, seed: dropoutSeed, streams: [1 + 2 * i, 2 + 2 * i] as const };
      return runBlock(y, weights, { eps, activation, attend: (qkv) => attend(qkv, i), dropout: drop });
    }, x);
  }

  /** The final LayerNorm: [..., C] → [..., C]. */
  normalise(hidden: Tensor): Tensor {
    const { weight, bias } = this.#affine('ln_f');
    return layerNorm(hidden, weight, bias, { eps: this.config.layer_norm_epsilon });
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

  /** All parameters for `writeSafetensors`, under Hugging Face's names. Write `gpt2ConfigJson(config)` beside them. */
  async saveEntries({ dtype = 'F32' }: { dtype?: 'F32' | 'F16' } = {}): Promise<SafetensorsEntry[]> {
    const entries: SafetensorsEntry[] = [];
    for (const [name, t] of this.#parameters) {
      entries.push({ name, dtype, shape: t.shape, data: await t.read() });
    }
    return entries;
  }

  /** Frees the weights. */
  dispose(): void {
    for (const parameter of this.#parameters.values()) parameter.dispose();
  }
}

/** Queries [B, T, C], then keys and values [B, P + T, 2C] of the past [B, P, 2C] and of the rows themselves [B, T, 3C]. */
export function behindPast(past: Tensor, qkv: Tensor): Tensor[] {
  const C = qkv.dim(2) / 3;
  const own = slice(qkv, { axis: 2, start: C });
  return [slice(qkv, { axis: 2, end: C }), concat([past, own], { axis: 1 })];
}

const cast32 = (x: Tensor): Tensor => (x.dtype === 'f32' ? x : cast(x, 'f32'));

/** What a parameter is stored as; vectors stay f32, for they cost nothing and scale everything. */
export const weightDtype = (shape: readonly number[], { dtype = 'f32' }: WeightOptions): 'f32' | 'f16' =>
  shape.length === 1 ? 'f32' : dtype;
