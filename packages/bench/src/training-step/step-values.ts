// The training steps that engines are compared by: their sizes, weights, batch and optimiser settings.
//
// Legend: L layers, C width, H heads, V vocabulary, P prefix rows, R caption tokens, B batch, F image features.
import {
  drawn,
  filled,
  makeArrays,
  type ArrayRecipe,
  type HostArray,
  type Recipe,
} from '../works/host-arrays.ts';

export interface StepSizes {
  L: number;
  C: number;
  H: number;
  V: number;
  P: number;
  R: number;
  B: number;
  F: number;
}

/** What a software adapter bears in a fraction of a second. */
export const smallStep: StepSizes = { L: 4, C: 256, H: 4, V: 2048, P: 10, R: 22, B: 8, F: 512 };

/** ClipCap's: GPT-2 124M, features of ViT-B/32, prefix 10, batch 40 unless another is given. */
export const clipcapStep = ({ B = 40 } = {}): StepSizes => ({
  L: 12,
  C: 768,
  H: 12,
  V: 50_257,
  P: 10,
  R: 22,
  B,
  F: 512,
});

/** ClipCap's learning rate and the default decay of PyTorch's AdamW. */
export const stepOptimizer = {
  learningRate: 2e-5,
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: 0.01,
} as const;

export const stepTitle = ({ L, C, H, V, P, R, B }: StepSizes): string =>
  `L ${L}, d ${C}, ${H} heads, V ${V}, P ${P}, ${R} tokens, batch ${B}`;

export interface StepValues {
  sizes: StepSizes;
  /** GPT-2 under Hugging Face's names; linear maps are [inputs, outputs]. */
  gpt2: Map<string, HostArray>;
  /** Two layers, [inputs, outputs]: F → P·C/2 → P·C. */
  mapper: Record<'w1' | 'b1' | 'w2' | 'b2', HostArray>;
  /** [B, F] */
  features: Float32Array;
  /** [B, R] */
  tokens: Int32Array;
}

/** Within a recipe, in front of the names of what is trained. */
export const mapperPrefix = 'mapper.';

/** Matrices uniform within ±0.02, gains 1, biases 0; then features [B, F] and, within ±0.5, tokens [B, R]. */
export function stepRecipe({ L, C, V, P, R, B, F }: StepSizes): Recipe {
  const hidden = (P * C) / 2;
  const matrix = (name: string, ...shape: number[]): ArrayRecipe => drawn(name, 0.04, ...shape);
  const norm = (name: string): ArrayRecipe[] => [
    filled(`${name}.weight`, 1, C),
    filled(`${name}.bias`, 0, C),
  ];
  const linear = (name: string, inputs: number, outputs: number): ArrayRecipe[] => [
    matrix(`${name}.weight`, inputs, outputs),
    filled(`${name}.bias`, 0, outputs),
  ];
  const block = (at: string): ArrayRecipe[] => [
    ...norm(`${at}.ln_1`),
    ...linear(`${at}.attn.c_attn`, C, 3 * C),
    ...linear(`${at}.attn.c_proj`, C, C),
    ...norm(`${at}.ln_2`),
    ...linear(`${at}.mlp.c_fc`, C, 4 * C),
    ...linear(`${at}.mlp.c_proj`, 4 * C, C),
  ];
  return {
    seed: 12345,
    arrays: [
      matrix('wte.weight', V, C),
      matrix('wpe.weight', P + R, C),
      ...Array.from({ length: L }, (_, i) => block(`h.${i}`)).flat(),
      ...norm('ln_f'),
      matrix(`${mapperPrefix}w1`, F, hidden),
      filled(`${mapperPrefix}b1`, 0, hidden),
      matrix(`${mapperPrefix}w2`, hidden, P * C),
      filled(`${mapperPrefix}b2`, 0, P * C),
      drawn('features', 1, B, F),
      drawn('tokens', 1, B, R),
    ],
  };
}

/** The same numbers in every process. */
export function stepValues(sizes: StepSizes): StepValues {
  const gpt2 = makeArrays(stepRecipe(sizes));
  const take = (name: string): HostArray => {
    const array = gpt2.get(name)!;
    gpt2.delete(name);
    return array;
  };
  const mapped = (name: string): HostArray => take(`${mapperPrefix}${name}`);
  const mapper = { w1: mapped('w1'), b1: mapped('b1'), w2: mapped('w2'), b2: mapped('b2') };
  const features = take('features').data;
  const { V } = sizes;
  const tokens = Int32Array.from(take('tokens').data, (x) => Math.floor((x + 0.5) * V) % V);
  return { sizes, gpt2, mapper, features, tokens };
}

/** Step size and ε for update `step` (from 1) with PyTorch's bias correction folded in. */
export function correctedRates(step: number): { stepSize: number; eps: number } {
  const { learningRate, beta1, beta2, eps } = stepOptimizer;
  const root = Math.sqrt(1 - beta2 ** step);
  return { stepSize: (learningRate * root) / (1 - beta1 ** step), eps: eps * root };
}
