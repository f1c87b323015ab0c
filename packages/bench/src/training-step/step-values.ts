// The training step that engines are compared by: its sizes, weights, batch and optimiser settings.
//
// Legend: L layers, C width, H heads, V vocabulary, P prefix rows, R caption tokens, B batch, F image features.
import { uniformValues } from '../uniform-values.ts';

export const stepSizes = { L: 4, C: 256, H: 4, V: 2048, P: 10, R: 22, B: 8, F: 512 } as const;

/** ClipCap's learning rate and the default decay of PyTorch's AdamW. */
export const stepOptimizer = {
  learningRate: 2e-5,
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: 0.01,
} as const;

export const stepTitle = 'L 4, d 256, 4 heads, V 2048, P 10, 22 tokens, batch 8';

export interface HostArray {
  shape: number[];
  data: Float32Array;
}

export interface StepValues {
  /** GPT-2 under Hugging Face's names; linear maps are [inputs, outputs]. */
  gpt2: Map<string, HostArray>;
  /** Two layers, [inputs, outputs]: F → P·C/2 → P·C. */
  mapper: Record<'w1' | 'b1' | 'w2' | 'b2', HostArray>;
  /** [B, F] */
  features: Float32Array;
  /** [B, R] */
  tokens: Int32Array;
}

/** The same numbers in every process: matrices uniform within ±0.02, gains 1, biases 0. */
export function stepValues(): StepValues {
  const { L, C, V, P, R, B, F } = stepSizes;
  const uniform = uniformValues(12345);
  const size = (shape: number[]): number => shape.reduce((a, b) => a * b, 1);
  const random = (...shape: number[]): HostArray => ({ shape, data: uniform(size(shape), 0.04) });
  const constant = (value: number, ...shape: number[]): HostArray => ({
    shape,
    data: new Float32Array(size(shape)).fill(value),
  });
  const gpt2 = new Map<string, HostArray>();
  const norm = (name: string): void => {
    gpt2.set(`${name}.weight`, constant(1, C)).set(`${name}.bias`, constant(0, C));
  };
  const linear = (name: string, inputs: number, outputs: number): void => {
    gpt2.set(`${name}.weight`, random(inputs, outputs)).set(`${name}.bias`, constant(0, outputs));
  };
  gpt2.set('wte.weight', random(V, C)).set('wpe.weight', random(P + R, C));
  for (let i = 0; i < L; i++) {
    norm(`h.${i}.ln_1`);
    linear(`h.${i}.attn.c_attn`, C, 3 * C);
    linear(`h.${i}.attn.c_proj`, C, C);
    norm(`h.${i}.ln_2`);
    linear(`h.${i}.mlp.c_fc`, C, 4 * C);
    linear(`h.${i}.mlp.c_proj`, 4 * C, C);
  }
  norm('ln_f');
  const hidden = (P * C) / 2;
  const mapper = {
    w1: random(F, hidden),
    b1: constant(0, hidden),
    w2: random(hidden, P * C),
    b2: constant(0, P * C),
  };
  const features = uniform(B * F, 1);
  const tokens = Int32Array.from(uniform(B * R, 1), (x) => Math.floor((x + 0.5) * V) % V);
  return { gpt2, mapper, features, tokens };
}

/** Step size and ε for update `step` (from 1) with PyTorch's bias correction folded in. */
export function correctedRates(step: number): { stepSize: number; eps: number } {
  const { learningRate, beta1, beta2, eps } = stepOptimizer;
  const root = Math.sqrt(1 - beta2 ** step);
  return { stepSize: (learningRate * root) / (1 - beta1 ** step), eps: eps * root };
}
