// Loads a CLIP from a safetensors or torch file with OpenAI's or Hugging Face's names.
import type { Device } from '@foreword/tensor';
import { Clip } from './clip.ts';
import type { ClipConfig } from './clip-config.ts';
import { inferClipConfig } from './infer-config.ts';
import type { ReadOptions, WeightSource } from './read-parameters.ts';

export interface LoadClipOptions extends ReadOptions {
  /** An open safetensors or torch file, or any other source of named arrays. */
  weights: WeightSource;
  /** See `parseClipConfig`; without it the sizes are inferred, which needs OpenAI's names. */
  config?: ClipConfig;
}

/**
 * A frozen model from its weights.
 * @throws ClipError when weights and configuration do not belong together
 * @example
 * const weights = await openSafetensors(bytesSource(bytes));
 * const clip = await loadClip(device, { weights, config: parseClipConfig(json) });
 */
export async function loadClip(device: Device, { weights, config, dtype }: LoadClipOptions): Promise<Clip> {
  const sizes =
    config ?? inferClipConfig(new Map([...weights.names()].map((name) => [name, weights.info(name).shape])));
  return await Clip.fromTensors(device, sizes, weights, { dtype });
}
