// CLIP: configuration, weights, both towers, contrastive training, zero-shot classification. Runs in browsers and in
// Node, where `load` is that of the entry "./node".
import { resolveModel } from '@foreword/hub';
import type { Device } from '@foreword/tensor';
import { loadWith, type LoadedClip, type LoadOptions } from './load.ts';

export { Clip, type SavedClip } from './clip.ts';
export {
  clipConfigJson,
  imageTokenCount,
  isResNet,
  parseClipConfig,
  vitB32,
  type ClipActivation,
  type ClipConfig,
  type ResNetConfig,
  type TextConfig,
  type TowerConfig,
  type VisionConfig,
  type VisionTransformerConfig,
} from './clip-config.ts';
export { ClipError } from './clip-error.ts';
export { clipParameterShapes } from './folded-norms.ts';
export { clampLogitScale, contrastiveLoss, maxLogitScale, similarity } from './contrastive-loss.ts';
export { ImageEncoder, type ImageEncoderOptions } from './image-encoder.ts';
export { inferClipConfig } from './infer-config.ts';
export { loadClip, type LoadClipOptions } from './load-clip.ts';
export type { LoadedClip, LoadOptions } from './load.ts';
export { hubNameOf, openAiTokenizer } from './openai-models.ts';
export type { Preprocessing } from './preprocessing.ts';
export { PromptEncoder, type PromptEncoderOptions } from './prompt-encoder.ts';
export { textInputs, type TextInputs, type TextInputsOptions } from './text-inputs.ts';
export { zeroShot, type ZeroShotClassifier, type ZeroShotOptions, type ZeroShotResult } from './zero-shot.ts';

/**
 * A CLIP by its name: a repository of the hub (`openai/clip-vit-base-patch32`, or OpenAI's `ViT-B/32`), a folder of
 * this site (`./folder`), one of OpenAI's files (`ViT-B-32.pt`) or its URL. What is fetched is kept in OPFS.
 * @throws HubError with `code` and `cure`; ClipError, CheckpointError, TokenizerFileError, TorchFileError when the files do not fit; the
 * signal's reason
 * @example
 * const { model, tokenizer, preprocessing } = await load(device, 'openai/clip-vit-base-patch32', { dtype: 'f16' });
 * const pixels = clipPreprocess(fileBytes, preprocessing.size, preprocessing);
 */
export function load(device: Device, name: string, options: LoadOptions = {}): Promise<LoadedClip> {
  return loadWith(resolveModel, device, name, options);
}
