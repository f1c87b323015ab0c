// The sizes of a CLIP model, read from and written to Hugging Face's config.json.
import { ClipError } from './clip-error.ts';

/** Sizes of one tower's transformer; its MLPs are four times as wide. */
export interface TowerConfig {
  width: number;
  layers: number;
  heads: number;
}

export interface VisionTransformerConfig extends TowerConfig {
  /** Pixels along each side of the square input. */
  imageSize: number;
  /** Pixels along each side of a patch; divides `imageSize`. */
  patchSize: number;
}

/** OpenAI's ResNets with anti-aliased strides and an attention pool (Radford et al. 2021, §2.4); for inference. */
export interface ResNetConfig {
  /** Pixels along each side of the square input; a multiple of 32. */
  imageSize: number;
  /** Channels that the stem makes; the attention pool reads 32 times as many. */
  width: number;
  /** Bottlenecks of each of the four stages. */
  layers: readonly [number, number, number, number];
  /** Of the attention pool. */
  heads: number;
  patchSize?: undefined;
}

export type VisionConfig = VisionTransformerConfig | ResNetConfig;

/** Tells the two kinds of image tower apart. */
export const isResNet = (vision: VisionConfig): vision is ResNetConfig => typeof vision.layers !== 'number';

export interface TextConfig extends TowerConfig {
  /** Most tokens of a text, start and end included. */
  contextLength: number;
  vocabSize: number;
}

export interface ClipConfig {
  vision: VisionConfig;
  text: TextConfig;
  /** Size of the space both towers project into. */
  embedDim: number;
  /** Of the MLPs: OpenAI's models have QuickGELU (the default), some later ones the exact GELU. */
  activation?: ClipActivation;
}

export type ClipActivation = 'quickGelu' | 'gelu';

/** OpenAI's ViT-B/32, whose sizes are also what config.json leaves out. */
export const vitB32: ClipConfig & { vision: VisionTransformerConfig } = {
  vision: { imageSize: 224, patchSize: 32, width: 768, layers: 12, heads: 12 },
  text: { contextLength: 77, vocabSize: 49408, width: 512, layers: 12, heads: 8 },
  embedDim: 512,
};

/** Far beyond every published model. */
const MAX_LAYERS = 10_000;
const MAX_SIZE = 2 ** 31 - 1;

/** Sides of a ResNet's image over those of its last grid, and channels of that grid over the stem's. */
export const resNetStride = 32;

/** The ratio of MLP width to tower width, the same in every published CLIP. */
export const mlpRatio = 4;

const activationOf: Readonly<Record<string, ClipActivation>> = { quick_gelu: 'quickGelu', gelu: 'gelu' };

type Json = Readonly<Record<string, unknown>>;

const isObject = (x: unknown): x is Json => typeof x === 'object' && x !== null && !Array.isArray(x);

/**
 * A model's sizes from the parsed config.json of a Hugging Face CLIP folder; absent fields have ViT-B/32's values,
 * as there.
 * @throws ClipError when a field is no usable size, or asks for something these towers do not do
 */
export function parseClipConfig(json: unknown): ClipConfig {
  if (!isObject(json) || !isObject(json.vision_config) || !isObject(json.text_config)) {
    throw new ClipError(
      'config.json: "vision_config" and "text_config" are missing; this is no CLIP configuration',
    );
  }
  const size = (from: Json, where: string, key: string, otherwise: number): number => {
    const value = from[key] ?? otherwise;
    // Names and shapes are made for every layer, so that an absurd number would seem to hang.
    const most = key === 'num_hidden_layers' ? MAX_LAYERS : MAX_SIZE;
    if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= most) return value;
    throw new ClipError(
      `config.json: ${where}${key} is ${JSON.stringify(value)}; a whole number from 1 to ${most} is needed`,
    );
  };
  const tower = (from: Json, where: string, { width, layers, heads }: TowerConfig): TowerConfig => {
    const sizes = {
      width: size(from, where, 'hidden_size', width),
      layers: size(from, where, 'num_hidden_layers', layers),
      heads: size(from, where, 'num_attention_heads', heads),
    };
    const mlpWidth = size(from, where, 'intermediate_size', mlpRatio * width);
    if (mlpWidth !== mlpRatio * sizes.width) {
      throw new ClipError(
        `config.json: ${where}intermediate_size is ${mlpWidth}; only ${mlpRatio}·hidden_size = ${mlpRatio * sizes.width} is supported`,
      );
    }
    const eps = from.layer_norm_eps ?? 1e-5;
    if (eps !== 1e-5)
      throw new ClipError(
        `config.json: ${where}layer_norm_eps is ${JSON.stringify(eps)}; only 1e-5 is supported`,
      );
    return sizes;
  };
  const { vision_config: vision, text_config: text } = json;
  const activations = [vision, text].map(({ hidden_act: act = 'quick_gelu' }) =>
    typeof act === 'string' ? act : JSON.stringify(act),
  );
  const activation = activationOf[activations[0]];
  if (!activation || activations[0] !== activations[1]) {
    throw new ClipError(
      `config.json: hidden_act is ${activations.join(' and ')}; "quick_gelu" or "gelu" for both towers is supported`,
    );
  }
  const channels = vision.num_channels ?? 3;
  if (channels !== 3)
    throw new ClipError(`config.json: num_channels is ${JSON.stringify(channels)}; only 3 is supported`);
  const config: ClipConfig = {
    vision: {
      imageSize: size(vision, 'vision_config.', 'image_size', vitB32.vision.imageSize),
      patchSize: size(vision, 'vision_config.', 'patch_size', vitB32.vision.patchSize),
      ...tower(vision, 'vision_config.', vitB32.vision),
    },
    text: {
      contextLength: size(text, 'text_config.', 'max_position_embeddings', vitB32.text.contextLength),
      vocabSize: size(text, 'text_config.', 'vocab_size', vitB32.text.vocabSize),
      ...tower(text, 'text_config.', vitB32.text),
    },
    embedDim: size(json, '', 'projection_dim', vitB32.embedDim),
  };
  assertEndIsLargest(text.eos_token_id, config.text.vocabSize);
  if (activation !== 'quickGelu') config.activation = activation;
  assertClipConfig(config);
  return config;
}

/** The text feature is read at the largest id; a model that looks for another end token would be read wrongly. */
function assertEndIsLargest(end: unknown, vocabSize: number): void {
  // 2 is what early files carry, meaning just that: read at the largest id.
  if (end == null || end === 2 || end === vocabSize - 1) return;
  throw new ClipError(
    `config.json: text_config.eos_token_id is ${JSON.stringify(end)}; the end token must have the largest id, ${vocabSize - 1}`,
  );
}

/**
 * Rows of a vision transformer: its class token and one for each patch.
 * @throws ClipError for a ResNet, which has one feature only
 */
export function imageTokenCount({ vision }: Pick<ClipConfig, 'vision'>): number {
  if (isResNet(vision)) {
    throw new ClipError('this CLIP is a ResNet: it has no patch tokens; take one with a vision transformer');
  }
  return 1 + (vision.imageSize / vision.patchSize) ** 2;
}

/**
 * @throws ClipError when sizes do not fit each other
 */
export function assertClipConfig({ vision, text }: ClipConfig): void {
  const resNet = isResNet(vision);
  if (resNet && (vision.layers.length !== 4 || vision.layers.includes(0) || vision.width % 2 !== 0)) {
    throw new ClipError(
      `a ResNet needs four stages and an even width, not stages of [${vision.layers.join(', ')}] blocks and width ${vision.width}`,
    );
  }
  const step = resNet ? resNetStride : vision.patchSize;
  if (vision.imageSize % step !== 0) {
    throw new ClipError(
      `image size ${vision.imageSize} is no multiple of ${resNet ? `${step}, which a ResNet halves it by` : `the patch size ${step}`}`,
    );
  }
  const widths = [
    ['vision', vision.width * (resNet ? resNetStride : 1), vision.heads],
    ['text', text.width, text.heads],
  ] as const;
  for (const [name, width, heads] of widths) {
    if (width % heads !== 0) throw new ClipError(`${name} width ${width} does not split into ${heads} heads`);
  }
}

/**
 * The model's config.json as Hugging Face writes it; {@link parseClipConfig} reads it back.
 * @throws ClipError for a ResNet, which that format does not have
 */
export function clipConfigJson(config: ClipConfig): Record<string, unknown> {
  const { vision, text, embedDim } = config;
  if (isResNet(vision)) {
    throw new ClipError(
      'config.json has no ResNet image towers; keep the weights under OpenAI’s names, which say the sizes',
    );
  }
  const tower = ({ width, layers, heads }: TowerConfig): Record<string, unknown> => ({
    hidden_size: width,
    intermediate_size: mlpRatio * width,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    hidden_act: config.activation === 'gelu' ? 'gelu' : 'quick_gelu',
    layer_norm_eps: 1e-5,
    projection_dim: embedDim,
  });
  return {
    model_type: 'clip',
    architectures: ['CLIPModel'],
    projection_dim: embedDim,
    text_config: {
      model_type: 'clip_text_model',
      ...tower(text),
      max_position_embeddings: text.contextLength,
      vocab_size: text.vocabSize,
      bos_token_id: text.vocabSize - 2,
      eos_token_id: text.vocabSize - 1,
    },
    vision_config: {
      model_type: 'clip_vision_model',
      ...tower(vision),
      image_size: vision.imageSize,
      patch_size: vision.patchSize,
      num_channels: 3,
    },
  };
}
