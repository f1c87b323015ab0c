// Where each parameter comes from: the same name in OpenAI's files, one or three other names in Hugging Face's.
import { ClipError } from './clip-error.ts';

/** What to read for one parameter: pieces to join along the first axis, then perhaps transposed. */
export interface WeightOrigin {
  names: readonly string[];
  /** Stored [out, in] although the parameter is [in, out]. */
  transposed: boolean;
}

/** Names outside the blocks. */
const plainNames: Readonly<Record<string, string>> = {
  'visual.conv1.weight': 'vision_model.embeddings.patch_embedding.weight',
  'visual.class_embedding': 'vision_model.embeddings.class_embedding',
  'visual.positional_embedding': 'vision_model.embeddings.position_embedding.weight',
  // Spelt so in every published file.
  'visual.ln_pre.weight': 'vision_model.pre_layrnorm.weight',
  'visual.ln_pre.bias': 'vision_model.pre_layrnorm.bias',
  'visual.ln_post.weight': 'vision_model.post_layernorm.weight',
  'visual.ln_post.bias': 'vision_model.post_layernorm.bias',
  'visual.proj': 'visual_projection.weight',
  'token_embedding.weight': 'text_model.embeddings.token_embedding.weight',
  positional_embedding: 'text_model.embeddings.position_embedding.weight',
  'ln_final.weight': 'text_model.final_layer_norm.weight',
  'ln_final.bias': 'text_model.final_layer_norm.bias',
  text_projection: 'text_projection.weight',
  logit_scale: 'logit_scale',
};

const blockNames: Readonly<Record<string, string>> = {
  ln_1: 'layer_norm1',
  ln_2: 'layer_norm2',
  'attn.out_proj': 'self_attn.out_proj',
  'mlp.c_fc': 'mlp.fc1',
  'mlp.c_proj': 'mlp.fc2',
};

/** Tensors that carry no weights: OpenAI's sizes as scalars, masks, step counts, Hugging Face's position counters. */
const withoutWeights =
  /^(input_resolution|context_length|vocab_size|(.*\.)?attn_mask|.*\.num_batches_tracked|(text|vision)_model\.embeddings\.position_ids)$/;

/** The Hugging Face origin of a parameter with OpenAI's name. */
export function huggingFaceOrigin(name: string): WeightOrigin {
  const block = /^(visual\.)?transformer\.resblocks\.(\d+)\.(.+?)[._](weight|bias)$/.exec(name);
  if (!block) {
    const transposed = name === 'visual.proj' || name === 'text_projection';
    return { names: [plainNames[name] ?? name], transposed };
  }
  const [, visual, layer, part, kind] = block;
  const at = `${visual ? 'vision' : 'text'}_model.encoder.layers.${layer}.`;
  const names =
    part === 'attn.in_proj'
      ? ['q', 'k', 'v'].map((which) => `${at}self_attn.${which}_proj.${kind}`)
      : [`${at}${blockNames[part] ?? part}.${kind}`];
  return { names, transposed: false };
}

/**
 * The origin of every parameter among the `available` tensors, which have OpenAI's or Hugging Face's names,
 * perhaps all behind `module.` (what PyTorch's DataParallel leaves).
 * @throws ClipError naming what is missing, or what the model has no place for
 */
export function weightOrigins(
  parameters: Iterable<string>,
  available: Iterable<string>,
  { source = 'the weights' }: { source?: string } = {},
): Map<string, WeightOrigin> {
  const storedAs = new Map([...available].map((name) => [name.replace(/^module\./, ''), name]));
  const wanted = [...parameters];
  const isHuggingFace = [...storedAs.keys()].some((name) => /^(vision|text)_model\./.test(name));
  const origins = new Map<string, WeightOrigin>();
  const missing: string[] = [];
  for (const name of wanted) {
    const { names, transposed } = isHuggingFace
      ? huggingFaceOrigin(name)
      : { names: [name], transposed: false };
    missing.push(...names.filter((n) => !storedAs.has(n)));
    origins.set(name, { names: names.map((n) => storedAs.get(n) ?? n), transposed });
  }
  if (missing.length > 0) {
    throw new ClipError(
      `${source}: ${missing.length} tensor${missing.length === 1 ? '' : 's'} of this configuration not found, ` +
        `first "${missing[0]}"; weights and configuration do not belong together, or this is no CLIP`,
    );
  }
  const used = new Set([...origins.values()].flatMap(({ names }) => names));
  const left = [...storedAs].filter(([name, stored]) => !used.has(stored) && !withoutWeights.test(name));
  if (left.length > 0) {
    throw new ClipError(
      `${source}: ${left.length} tensor${left.length === 1 ? ' has' : 's have'} no place in this configuration, ` +
        `first "${left[0][1]}"; weights and configuration do not belong together`,
    );
  }
  return origins;
}
