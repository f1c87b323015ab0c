// LoRA (Hu et al. 2021, §4.1): low-rank changes of frozen matrices, here of every layer's queries, keys and values, and
// of its attention's output.
//
// Legend: L layers, C channels, I inputs, O outputs, r rank.
import {
  linear,
  loadTensor,
  tensor,
  transpose,
  type Device,
  type SafetensorsEntry,
  type Tensor,
  type TensorFile,
} from '@foreword/tensor';
import { Gpt2CheckpointError } from './checkpoint-names.ts';
import { Gpt2ConfigError, type Gpt2Config } from './config.ts';
import { randomUniform } from './counter-random.ts';

export interface LoraConfig {
  /** r, from 1. */
  rank: number;
  /** α: changes are scaled by α / r. */
  alpha: number;
}

/** A change of one linear map: y becomes y + scale · (x·Aᵀ)·Bᵀ. */
export interface LowRank {
  /** A [r, I] */
  a: Tensor;
  /** B [O, r] */
  b: Tensor;
  /** α / r */
  scale: number;
}

const places = ['attn.c_attn', 'attn.c_proj'] as const;
export type LoraPlace = (typeof places)[number];

/** What PEFT's adapter files put before GPT-2's names. */
const peftPrefix = 'base_model.model.transformer.';

/** Names and shapes of all parameters, A before B of each map; torch's layout [outputs, inputs]. */
export function loraShapes(
  { n_layer, n_embd: C }: Pick<Gpt2Config, 'n_layer' | 'n_embd'>,
  { rank }: Pick<LoraConfig, 'rank'>,
): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (let i = 0; i < n_layer; i++) {
    for (const place of places) {
      shapes.set(`h.${i}.${place}.lora_A.weight`, [rank, C]);
      shapes.set(`h.${i}.${place}.lora_B.weight`, [place === 'attn.c_attn' ? 3 * C : C, rank]);
    }
  }
  return shapes;
}

/**
 * The changes of one GPT-2; `model.adapt(lora)` puts them to work, `model.merge()` writes them into the weights.
 * @example
 * const lora = Lora.create(device, model.config, { rank: 4, alpha: 32 }, { seed: 1 });
 * model.adapt(lora);
 * const optimiser = new AdamW(lora.parameters(), { variant: 'transformers' });
 */
export class Lora {
  readonly config: LoraConfig;
  readonly #parameters: ReadonlyMap<string, Tensor>;

  private constructor(config: LoraConfig, parameters: ReadonlyMap<string, Tensor>) {
    this.config = config;
    this.#parameters = parameters;
  }

  /**
   * Trainable changes that change nothing yet: A uniform in ±1/√I as in the paper's program, B zero.
   * @throws Gpt2ConfigError for a rank or α that makes no sense.
   */
  static create(device: Device, model: Gpt2Config, config: LoraConfig, { seed }: { seed: number }): Lora {
    assertConfig(config);
    const parameters = new Map<string, Tensor>();
    for (const [name, shape] of loraShapes(model, config)) {
      const values = new Float32Array(shape[0] * shape[1]);
      const bound = 1 / Math.sqrt(shape[1]);
      if (name.includes('lora_A')) {
        values.forEach((_, i) => (values[i] = bound * (2 * randomUniform(seed, parameters.size, i) - 1)));
      }
      parameters.set(name, tensor(device, values, shape, { persistent: true }));
    }
    return new Lora(config, parameters).trainable();
  }

  /**
   * Frozen changes from a checkpoint that holds them among others, under PEFT's names.
   * @throws Gpt2CheckpointError when one is missing or has another shape.
   */
  static async load(
    device: Device,
    model: Gpt2Config,
    config: LoraConfig,
    weights: TensorFile,
  ): Promise<Lora> {
    assertConfig(config);
    const parameters = new Map<string, Tensor>();
    try {
      for (const [name, shape] of loraShapes(model, config)) {
        const place = peftPrefix + name;
        const got = weights.has(place) ? `is [${weights.info(place).shape.join(', ')}]` : 'is missing';
        if (got !== `is [${shape.join(', ')}]`) {
          throw new Gpt2CheckpointError(
            `${weights.name}: "${place}" ${got}; rank ${config.rank} needs [${shape.join(', ')}]`,
          );
        }
        parameters.set(name, await loadTensor(device, weights, place));
      }
    } catch (error) {
      for (const parameter of parameters.values()) parameter.dispose();
      throw error;
    }
    return new Lora(config, parameters);
  }

  /** The change of one layer's map. */
  at(layer: number, place: LoraPlace): LowRank {
    const of = (part: 'A' | 'B'): Tensor => this.#parameters.get(`h.${layer}.${place}.lora_${part}.weight`)!;
    return { a: of('A'), b: of('B'), scale: this.config.alpha / this.config.rank };
  }

  /** Name → tensor, names as PEFT's adapter files have them. */
  parameters(): Record<string, Tensor> {
    return Object.fromEntries([...this.#parameters].map(([name, t]) => [peftPrefix + name, t]));
  }

  /** Makes all parameters trainable, or freezes them. */
  trainable(on = true): this {
    for (const parameter of this.#parameters.values()) parameter.trainable(on);
    return this;
  }

  /** All parameters for `writeSafetensors`, under PEFT's names. */
  async saveEntries(): Promise<SafetensorsEntry[]> {
    const entries: SafetensorsEntry[] = [];
    for (const [name, t] of Object.entries(this.parameters()))
      entries.push({ name, dtype: 'F32', shape: t.shape, data: await t.read() });
    return entries;
  }

  /** Frees the parameters. */
  dispose(): void {
    for (const parameter of this.#parameters.values()) parameter.dispose();
  }
}

/** y [..., O] of x [..., I], changed. With B at zero it is y to the last bit. */
export const changed = (y: Tensor, x: Tensor, change: LowRank | undefined): Tensor =>
  change ? linear(linear(x, change.a).affine(change.scale), change.b, undefined, { residual: y }) : y;

/** scale · Aᵀ·Bᵀ, to be added to a matrix [I, O]. */
export const changeOfMatrix = ({ a, b, scale }: LowRank): Tensor =>
  linear(transpose(a, [1, 0]), b).affine(scale);

/** True for a checkpoint that holds such changes. */
export const hasLora = (checkpoint: TensorFile): boolean =>
  checkpoint.names().some((name) => name.startsWith(peftPrefix) && name.includes('.lora_A.'));

function assertConfig({ rank, alpha }: LoraConfig): void {
  if (!Number.isInteger(rank) || rank < 1)
    throw new Gpt2ConfigError(`LoRA: the rank is ${rank}; a whole number from 1 is needed`);
  if (!(alpha > 0 && alpha < Infinity))
    throw new Gpt2ConfigError(`LoRA: alpha is ${alpha}; a number above 0 is needed`);
}
