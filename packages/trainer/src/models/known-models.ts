// The published models that are known to load, with what their weights take to download.
export interface KnownModel {
  name: string;
  kind: 'CLIP' | 'GPT-2';
  /** in millions */
  parameters: number;
  /** of `model.safetensors` on the hub; GPT-2's files hold attention masks besides the parameters */
  downloadBytes: number;
}

const clip = (name: string, parameters: number): KnownModel => ({
  name,
  kind: 'CLIP',
  parameters: Math.round(parameters / 1e6),
  downloadBytes: 4 * parameters,
});

/** Every layer comes with a causal mask of 1024 × 1024. */
const gpt2 = (name: string, parameters: number, layers: number): KnownModel => ({
  name,
  kind: 'GPT-2',
  parameters: Math.round(parameters / 1e6),
  downloadBytes: 4 * (parameters + layers * 1024 ** 2),
});

export const knownModels: readonly KnownModel[] = [
  clip('openai/clip-vit-base-patch32', 151_277_313),
  clip('openai/clip-vit-base-patch16', 149_620_737),
  clip('openai/clip-vit-large-patch14', 427_616_513),
  clip('openai/clip-vit-large-patch14-336', 427_944_193),
  gpt2('gpt2', 124_439_808, 12),
  gpt2('gpt2-medium', 354_823_168, 24),
  gpt2('gpt2-large', 774_030_080, 36),
  gpt2('gpt2-xl', 1_557_611_200, 48),
];
