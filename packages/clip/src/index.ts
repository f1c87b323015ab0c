// CLIP: configuration, weights, both towers, contrastive training, zero-shot classification.
export { Clip, type ClipEntry, type SavedClip } from './clip.ts';
export {
  clipConfigJson,
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
export { clipParameterShapes } from './clip-parameters.ts';
export { clampLogitScale, contrastiveLoss, maxLogitScale, similarity } from './contrastive-loss.ts';
export { ImageEncoder, type ImageEncoderOptions } from './image-encoder.ts';
export { inferClipConfig } from './infer-config.ts';
export { loadClip, type LoadClipOptions } from './load-clip.ts';
export { PromptEncoder, type PromptEncoderOptions } from './prompt-encoder.ts';
export { memoryWeights, type ReadOptions, type WeightSource } from './read-parameters.ts';
export { textInputs, type TextInputs, type TextInputsOptions } from './text-inputs.ts';
export { zeroShot, type ZeroShotClassifier, type ZeroShotOptions, type ZeroShotResult } from './zero-shot.ts';
