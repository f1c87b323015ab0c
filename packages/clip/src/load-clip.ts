// Loads a CLIP from a safetensors or torch file with OpenAI's or Hugging Face's names.
import { loadModule, type CheckpointNames, type StorageOptions, type TensorSource } from '@foreword/nn';
import type { Device } from '@foreword/tensor';
import { Clip } from './clip.ts';
import { isResNet, type ClipConfig } from './clip-config.ts';
import { foldedSource } from './folded-norms.ts';
import { huggingFaceSource } from './hugging-face-names.ts';
import { inferClipConfig } from './infer-config.ts';

export interface LoadClipOptions extends StorageOptions {
  /** An open safetensors or torch file, or tensors in memory. */
  weights: TensorSource;
  /** See `parseClipConfig`; without it the sizes are inferred, which needs OpenAI's names. */
  config?: ClipConfig;
  /** Ends it with the signal's reason. */
  signal?: AbortSignal;
}

/** Tensors that carry no weights: OpenAI's sizes as scalars, masks, step counts, Hugging Face's position counters. */
const withoutWeights =
  /^(input_resolution|context_length|vocab_size|(.*\.)?attn_mask|.*\.num_batches_tracked|(text|vision)_model\.embeddings\.position_ids)$/;

/** DataParallel's wrapping. */
const bare = (name: string): string => name.replace(/^module\./, '');

/**
 * A frozen model from its weights.
 * @throws ClipError, CheckpointError when weights and configuration do not belong together
 * @example
 * const weights = await openSafetensors(bytesSource(bytes));
 * const clip = await loadClip(device, { weights, config: parseClipConfig(json) });
 */
export async function loadClip(
  device: Device,
  { weights, config, ...options }: LoadClipOptions,
): Promise<Clip> {
  const names = [...weights.names()];
  const sizes = config ?? inferClipConfig(new Map(names.map((name) => [name, weights.info(name).shape])));
  let sourceOf: CheckpointNames['sourceOf'];
  if (isResNet(sizes.vision)) sourceOf = foldedSource;
  else if (names.some((name) => /^(vision|text)_model\./.test(bare(name)))) sourceOf = huggingFaceSource;
  return await loadModule(weights, (p) => new Clip(p, sizes), {
    ...options,
    device,
    rename: bare,
    sourceOf,
    ignore: (name) => withoutWeights.test(name),
  });
}
