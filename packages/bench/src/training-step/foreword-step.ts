// The training step in this project's own engine: frozen GPT-2, trained MLP mapper, one compiled plan.
import { AdamW, compile, concat, mlp, parameter, type Device, type Tensor } from '@foreword/tensor/node';
import { loadGpt2, parseGpt2Config } from '@foreword/gpt2';
import { memoryTensors } from '@foreword/nn';
import type { HostArray } from '../works/host-arrays.ts';
import { stepOptimizer, type StepValues } from './step-values.ts';

/** A training run that goes on step by step. */
export interface TrainingStep {
  /** One update over the batch; its loss before the update. */
  next(): Promise<number>;
}

export interface StepOptions {
  /** How the frozen matrices are stored. Default f32. */
  weights?: 'f32' | 'f16';
}

/** Uploads the weights and compiles the plan. */
export async function forewordStep(device: Device, values: StepValues, { weights }: StepOptions = {}) {
  const { L, C, H, V, P, R, B, F } = values.sizes;
  const config = parseGpt2Config({ vocab_size: V, n_positions: P + R, n_embd: C, n_layer: L, n_head: H });
  const model = await loadGpt2(device, {
    config: { ...config },
    weights: memoryTensors(values.gpt2),
    dtype: weights,
  });
  const leaf = ({ data, shape }: HostArray): Tensor => parameter(device, data, shape);
  const { w1, b1, w2, b2 } = values.mapper;
  const mapper = { w1: leaf(w1), b1: leaf(b1), w2: leaf(w2), b2: leaf(b2) };
  const { learningRate, beta1, beta2, eps, weightDecay } = stepOptimizer;
  const optimizer = new AdamW(mapper, { betas: [beta1, beta2], eps, weightDecay });
  const plan = await compile(
    device,
    { features: { shape: [B, F] }, tokens: { shape: [B, R], dtype: 'i32' } },
    ({ features, tokens }) => {
      const flat = mlp(features, mapper, { layout: 'in-out', activation: 'tanh' }); // [B, P·C]
      const embeddings = concat([flat.reshape([B, P, C]), model.embed(tokens)], { axis: 1 }); // [B, P + R, C]
      const loss = model.loss(embeddings, tokens, { firstRow: P - 1 });
      return { loss, norm: optimizer.step(loss) };
    },
  );
  let step = 0;
  return {
    plan,
    async next(): Promise<number> {
      optimizer.schedule(++step, learningRate);
      return await plan.run({ features: values.features, tokens: values.tokens }).loss.item();
    },
    dispose(): void {
      for (const owned of [plan, optimizer, model]) owned.dispose();
    },
  };
}
