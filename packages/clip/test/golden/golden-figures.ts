// The golden figures of the tiny CLIP: their form, and the model and inputs they belong to.
import { readFileSync } from 'node:fs';
import { loadClip, type Clip, type ClipConfig } from '@foreword/clip';
import type { TensorSource } from '@foreword/nn';
import type { Device } from '@foreword/tensor';
import { goldenTensor, goldenTensors, type GoldenRule } from '@foreword/test-kit';

/** Sizes under the names of OpenAI's constructor. */
export interface OpenAiSizes {
  embed_dim: number;
  image_resolution: number;
  vision_layers: number;
  vision_width: number;
  vision_patch_size: number;
  context_length: number;
  vocab_size: number;
  transformer_width: number;
  transformer_heads: number;
  transformer_layers: number;
}

/** What defines the golden model: its weights follow from these. */
export interface GoldenModel {
  seed: string;
  prefix: string;
  config: OpenAiSizes;
  rules: Record<string, GoldenRule>;
}

export interface FeatureGolden extends GoldenModel {
  tokens: number[];
  imageFeatures: number[];
  textFeatures: number[];
  logitsPerImage: number[];
  logitsPerText: number[];
}

export interface ContrastiveGolden {
  loss: number;
  /** Norm of the whole gradient, and what `stridedValues` keeps of it. */
  gradients: Record<string, { norm: number; values: number[] }>;
}

const readJson = (name: string): unknown => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));

export const readFeatureGolden = (): FeatureGolden => readJson('clip-tiny.json') as FeatureGolden;

export const readContrastiveGolden = (): ContrastiveGolden =>
  readJson('clip-tiny-contrastive.json') as ContrastiveGolden;

/** At most 64 values, evenly spread; an odd stride, so that they do not all lie in one column. */
export function stridedValues(all: ArrayLike<number>): number[] {
  const stride = Math.ceil(all.length / 64) | 1;
  return Array.from({ length: Math.ceil(all.length / stride) }, (_, i) => all[i * stride]);
}

export const clipConfigOf = (sizes: OpenAiSizes): ClipConfig => ({
  vision: {
    imageSize: sizes.image_resolution,
    patchSize: sizes.vision_patch_size,
    width: sizes.vision_width,
    layers: sizes.vision_layers,
    heads: sizes.vision_width / 64,
  },
  text: {
    contextLength: sizes.context_length,
    vocabSize: sizes.vocab_size,
    width: sizes.transformer_width,
    layers: sizes.transformer_layers,
    heads: sizes.transformer_heads,
  },
  embedDim: sizes.embed_dim,
});

export const goldenWeights = ({ seed, prefix, rules }: GoldenModel) => goldenTensors(seed, prefix, rules);

/** The golden weights, made one tensor at a time: those of ViT-B/32 are 605 MB. */
const lazyWeights = ({ seed, prefix, rules }: GoldenModel): TensorSource => ({
  names: () => Object.keys(rules),
  info: (name) => ({ shape: rules[name][0] }),
  readAsF32: async (name) => goldenTensor(seed, prefix, name, ...rules[name]),
});

export const goldenClip = (device: Device, golden: GoldenModel, dtype?: 'f32' | 'f16'): Promise<Clip> =>
  loadClip(device, { config: clipConfigOf(golden.config), weights: lazyWeights(golden), dtype });

/** Random pixels of `images` pictures, under the name the golden files give. */
export const goldenPixels = ({ seed, config }: GoldenModel, name: string, images: number): Float32Array => {
  const n = config.image_resolution;
  return goldenTensor(seed, '', `pixels/${name}`, [images, 3, n, n], 2);
};
