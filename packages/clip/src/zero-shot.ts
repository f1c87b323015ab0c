// Zero-shot classification: an image belongs to the label whose prompts lie nearest to it (Radford et al. 2021, §3.1).
import { ClipError } from './clip-error.ts';
import type { PromptEncoder } from './prompt-encoder.ts';

/** An image's place among the labels. */
export interface ZeroShotResult {
  /** The most probable label, and its position. */
  label: string;
  index: number;
  /** One per label, in their order; they sum to 1. */
  probabilities: number[];
}

export interface ZeroShotOptions {
  labels: readonly string[];
  /** Each with `{}` where the label goes; a label's feature is the mean over them. Default `a photo of a {}`. */
  templates?: readonly string[];
  /** Rows of the model's context length for texts, such as `(texts) => clipTokenize(tokenizer, texts)`. */
  tokenize: (texts: readonly string[]) => Int32Array;
  /** What cosines are multiplied by: exp(logit scale). Default 100, OpenAI's. */
  scale?: number;
}

export type ZeroShotClassifier = (imageFeatures: readonly Float32Array[]) => ZeroShotResult[];

/**
 * Encodes the labels once and returns a function that classifies image features (raw, as the encoder gives them).
 * @throws ClipError when there is no label, or a template has no `{}`
 * @example
 * const classify = await zeroShot(prompts, { labels: ['dog', 'cat'], tokenize });
 * const [{ label }] = classify(await images.encode([pixels]));
 */
export async function zeroShot(
  encoder: PromptEncoder,
  { labels, templates = ['a photo of a {}'], tokenize, scale = 100 }: ZeroShotOptions,
): Promise<ZeroShotClassifier> {
  if (labels.length === 0) throw new ClipError('zeroShot: there are no labels');
  const unusable = templates.length === 0 ? 'none was given' : templates.find((t) => !t.includes('{}'));
  if (unusable !== undefined)
    throw new ClipError(`zeroShot: every template needs {} where the label goes: ${unusable}`);
  const texts = labels.flatMap((label) =>
    templates.map((template) => template.replaceAll('{}', () => label)),
  );
  const features = (await encoder.encode(tokenize(texts))).map(normalised);
  const classes = labels.map((_, i) => {
    const own = features.slice(i * templates.length, (i + 1) * templates.length);
    return normalised(own[0].map((_, d) => own.reduce((total, feature) => total + feature[d], 0)));
  });
  return (imageFeatures) =>
    imageFeatures.map((raw) => {
      const image = normalised(raw);
      const probabilities = softmaxOf(classes.map((own) => scale * dot(image, own)));
      const index = probabilities.indexOf(Math.max(...probabilities));
      return { label: labels[index], index, probabilities };
    });
}

function dot(a: Float32Array, b: Float32Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
}

function normalised(feature: Float32Array): Float32Array {
  const norm = Math.sqrt(dot(feature, feature)) || 1;
  return feature.map((x) => x / norm);
}

function softmaxOf(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  const weights = logits.map((x) => Math.exp(x - top));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / total);
}
