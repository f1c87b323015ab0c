// One training step, and one round of captions, over the embedded dataset's backbones, on captions and features drawn at random: for measuring,
// where values do not matter and no picture should have to be encoded.
import { join } from 'node:path';
import { ImageEncoder } from '@foreword/clip';
import { Captioner, createMapper } from '@foreword/prefix-mapper';
import { AdamW, type Device } from '@foreword/tensor/node';
import { seededRandom } from '../data/random.ts';
import { backbonesRoot } from '../data/repository.ts';
import { loadBackbones } from '../features/backbones.ts';
import { StepPlans, type StepPlan } from './step-plans.ts';

export interface EmbeddedStepOptions {
  /** Prefix length P. */
  prefix: number;
  /** Captions per step. */
  batch: number;
  /** Tokens per caption, padding included. */
  tokens: number;
}

export interface EmbeddedStep {
  /** As `pnpm train --prefix P` runs it: MLP mapper, GPT-2 frozen; its inputs are written. */
  plan: StepPlan;
  dispose(): Promise<void>;
}

const folders = { clip: join(backbonesRoot, 'clip'), gpt2: join(backbonesRoot, 'gpt2') };

/** @throws CommandError when the embedded backbones are missing or damaged */
export async function openEmbeddedStep(
  device: Device,
  { prefix, batch: B, tokens: T }: EmbeddedStepOptions,
): Promise<EmbeddedStep> {
  const { clip, gpt2 } = await loadBackbones(device, folders);
  const D = clip.config.embedDim;
  clip.dispose();
  gpt2.trainable(false);
  const sizes = { prefixLength: prefix, featureSize: D, embeddingSize: gpt2.config.n_embd };
  const mapper = createMapper(device, { type: 'mlp', ...sizes }, { seed: 1 });
  mapper.trainable();
  const optimizer = new AdamW(mapper.namedParameters(), { eps: 1e-6, variant: 'transformers' });
  optimizer.schedule(1, 1e-3);
  const plans = new StepPlans({ device, gpt2, mapper, tuneGpt2: false, labelSmoothing: 0 });
  const random = seededRandom(1);
  const plan = await plans.training({ B, T }, optimizer);
  plan.inputs.features.write(Float32Array.from({ length: B * D }, () => random() - 0.5));
  plan.inputs.tokens.write(
    Int32Array.from({ length: B * T }, () => Math.floor(random() * gpt2.config.vocab_size)),
  );
  return {
    plan,
    async dispose() {
      await plans.dispose();
      optimizer.dispose();
      for (const model of [mapper, gpt2]) model.dispose();
    },
  };
}

/**
 * Encodes and captions blank pictures with the embedded backbones and a mapper drawn at random, as scoring does.
 * @throws CommandError when the embedded backbones are missing or damaged
 */
export async function captionBlankPictures(
  device: Device,
  { prefix, batch }: Pick<EmbeddedStepOptions, 'prefix' | 'batch'>,
): Promise<void> {
  const { clip, gpt2, tokenizer } = await loadBackbones(device, folders);
  const sizes = { featureSize: clip.config.embedDim, embeddingSize: gpt2.config.n_embd };
  const mapper = createMapper(device, { type: 'mlp', prefixLength: prefix, ...sizes }, { seed: 1 });
  const encoder = await ImageEncoder.create(clip, { batch });
  const blank = new Float32Array(encoder.pixelCount);
  const features = await encoder.encode(Array.from({ length: batch }, () => blank));
  const captioner = new Captioner({ gpt2, mapper, tokenizer, stop: [], batch });
  await captioner.captionFeatures(features, { maxTokens: 4 });
  for (const owned of [captioner, encoder, mapper, clip, gpt2]) owned.dispose();
}
