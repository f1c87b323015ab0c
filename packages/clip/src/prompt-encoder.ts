// Encodes many texts, in batches of a fixed size and a few lengths, each with its own plan.
import { compile, noGrad, type Plan, type Tensor } from '@foreword/tensor';
import type { Clip } from './clip.ts';
import { ClipError } from './clip-error.ts';
import { textInputs } from './text-inputs.ts';

type PromptPlan = Plan<
  { tokens: { shape: number[]; dtype: 'i32' }; ends: { shape: number[]; dtype: 'i32' } },
  { features: Tensor }
>;

export interface PromptEncoderOptions {
  /** Texts per replay. Default 16. */
  batch?: number;
}

/**
 * Features of tokenized texts. Plans are compiled when a length is first met. The model must stay alive as long
 * as the encoder.
 * @example
 * const encoder = new PromptEncoder(clip);
 * const features = await encoder.encode(clipTokenize(tokenizer, ['a dog', 'a cat']));
 * encoder.dispose();
 */
export class PromptEncoder {
  readonly clip: Clip;
  /** Texts per replay. */
  readonly batch: number;
  /** By number of columns. */
  readonly #plans = new Map<number, Promise<PromptPlan>>();
  /** Those that are compiled. */
  readonly #made: PromptPlan[] = [];

  constructor(clip: Clip, { batch = 16 }: PromptEncoderOptions = {}) {
    if (!Number.isInteger(batch) || batch < 1)
      throw new ClipError(`PromptEncoder: batch is ${batch}; at least 1 is needed`);
    this.clip = clip;
    this.batch = batch;
  }

  /**
   * One feature [D] per text, in order.
   * @param ids rows of the model's whole context length, as `clipTokenize` gives them
   * @throws ClipError when the ids do not fill whole rows
   */
  async encode(ids: Int32Array): Promise<Float32Array[]> {
    const { contextLength } = this.clip.config.text;
    const D = this.clip.config.embedDim;
    if (ids.length % contextLength !== 0) textInputs(ids, contextLength);
    const features: Float32Array[] = [];
    const perBatch = this.batch * contextLength;
    for (let from = 0; from < ids.length; from += perBatch) {
      const part = ids.subarray(from, from + perBatch);
      const count = part.length / contextLength;
      const padded = new Int32Array(perBatch);
      padded.set(part);
      const { tokens, ends, length } = textInputs(padded, contextLength);
      const plan = await this.#planFor(length);
      const rows = (await plan.run({ tokens, ends }).features.read()) as Float32Array;
      for (let i = 0; i < count; i++) features.push(rows.slice(i * D, (i + 1) * D));
    }
    return features;
  }

  /** Frees the plans: those that are compiled before it returns, others as soon as they are. The model stays. */
  async dispose(): Promise<void> {
    const plans = [...this.#plans.values()];
    this.#plans.clear();
    for (const plan of this.#made.splice(0)) plan.dispose();
    await Promise.allSettled(plans);
    for (const plan of this.#made.splice(0)) plan.dispose();
  }

  #planFor(length: number): Promise<PromptPlan> {
    const found = this.#plans.get(length);
    if (found) return found;
    const { clip, batch } = this;
    const specs = {
      tokens: { shape: [batch, length], dtype: 'i32' as const },
      ends: { shape: [batch], dtype: 'i32' as const },
    };
    const made = compile(clip.device, specs, ({ tokens, ends }) =>
      noGrad(clip.device, () => ({ features: clip.encodeText(tokens, ends) })),
    ).then((plan) => {
      this.#made.push(plan);
      return plan;
    });
    this.#plans.set(length, made);
    return made;
  }
}
