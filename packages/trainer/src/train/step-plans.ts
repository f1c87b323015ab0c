// Compiled training and validation steps, one per caption length bucket.
import type { Gpt2 } from '@foreword/gpt2';
import { captionLoss, type PrefixMapper } from '@foreword/prefix-mapper';
import {
  add,
  affine,
  compile,
  concat,
  l2Normalize,
  noGrad,
  randomNormal,
  type AdamW,
  type Device,
  type Plan,
  type Tensor,
} from '@foreword/tensor/node';
import type { Batch } from './batches.ts';

type StepInputs = {
  features: { shape: number[] };
  tokens: { shape: number[]; dtype: 'i32' };
  seed: { shape: number[]; dtype: 'u32' };
  /** Only where batches have weights. */
  weights?: { shape: number[] };
};
export type StepPlan = Plan<StepInputs, { report: Tensor }>;

/** B captions of T tokens, padding included. */
interface BatchSizes {
  B: number;
  T: number;
  /** Whether each token has a weight. Default false. */
  isWeighted?: boolean;
}

const sizesOf = ({ tokens, weights, T }: Batch): BatchSizes => ({
  B: tokens.length / T,
  T,
  isWeighted: weights !== undefined,
});

export interface StepModels {
  device: Device;
  gpt2: Gpt2;
  mapper: PrefixMapper;
  /** Dropout is on where GPT-2 is tuned and its configuration has rates. */
  tuneGpt2: boolean;
  /** Of the training loss; the validation loss has none, so that runs compare. */
  labelSmoothing: number;
  /** On the features of training batches only. */
  noise?: FeatureNoise;
}

/** CapDec's: Gaussian noise, after which a feature gets its length again. */
export interface FeatureNoise {
  /** Standard deviation by coordinate, of features of length 1. */
  deviation: number;
  /** Of the features. */
  length: number;
}

/** Apart from those of dropout, which count from 0. */
const noiseStream = 2 ** 16;

/** Features [B, D] with noise drawn from `seed`, (seed, step): a resumed run draws the same. */
function withNoise(features: Tensor, { deviation, length }: FeatureNoise, seed: Tensor): Tensor {
  if (deviation === 0) return features;
  const std = deviation * length;
  const noise = randomNormal(features.device, features.shape, { seed, stream: noiseStream, std });
  return affine(l2Normalize(add(features, noise)), length);
}

/** What one training step reports. */
export interface StepReport {
  loss: number;
  gradNorm: number;
}

/** A step that the GPU has been given. */
export interface SentStep {
  /** Resolves when the step is done. */
  report: Promise<StepReport>;
}

export class StepPlans {
  readonly #models: StepModels;
  readonly #plans = new Map<string, Promise<StepPlan>>();

  constructor(models: StepModels) {
    this.#models = models;
  }

  /** One update, on its way when this resolves; the optimiser's schedule must have been set. */
  async train(batch: Batch, optimizer: AdamW, seed: number, step: number): Promise<SentStep> {
    const plan = await this.#plan(sizesOf(batch), optimizer);
    const { features, tokens, weights } = batch;
    const given = { features, tokens, seed: [seed, step], ...(weights && { weights }) };
    const reading = plan.run(given).report.read();
    return { report: reading.then(([loss, gradNorm]) => ({ loss, gradNorm })) };
  }

  /** The loss of a batch without learning from it. */
  async evaluate(batch: Batch): Promise<number> {
    const plan = await this.#plan(sizesOf(batch), undefined);
    const [loss] = await plan
      .run({ features: batch.features, tokens: batch.tokens, seed: [0, 0] })
      .report.read();
    return loss;
  }

  /** The plan that `train` replays for batches of these sizes. */
  training(sizes: BatchSizes, optimizer: AdamW): Promise<StepPlan> {
    return this.#plan(sizes, optimizer);
  }

  #plan({ B, T, isWeighted = false }: BatchSizes, optimizer: AdamW | undefined): Promise<StepPlan> {
    const { device, gpt2, mapper, tuneGpt2, labelSmoothing, noise } = this.#models;
    const D = mapper.config.featureSize;
    const key = `${optimizer ? 'train' : 'evaluate'} ${isWeighted ? 'weighted ' : ''}${B} ${T}`;
    let plan = this.#plans.get(key);
    if (!plan) {
      const specs = {
        features: { shape: [B, D] },
        tokens: { shape: [B, T], dtype: 'i32' as const },
        seed: { shape: [2], dtype: 'u32' as const },
        ...(isWeighted && { weights: { shape: [B, T] } }),
      };
      plan = compile(device, specs, ({ features, tokens, seed, weights }) => {
        if (!optimizer) {
          return noGrad(device, () => ({
            report: captionLoss(gpt2, mapper, { features, tokens }).reshape([1]),
          }));
        }
        const loss = captionLoss(gpt2, mapper, {
          features: noise ? withNoise(features, noise, seed) : features,
          tokens,
          dropoutSeed: tuneGpt2 ? seed : undefined,
          labelSmoothing,
          weights,
        });
        const gradNorm = optimizer.step(loss);
        return { report: concat([loss.reshape([1]), gradNorm], { axis: 0 }) };
      });
      this.#plans.set(key, plan);
    }
    return plan;
  }

  async dispose(): Promise<void> {
    for (const plan of this.#plans.values()) (await plan).dispose();
    this.#plans.clear();
  }
}
