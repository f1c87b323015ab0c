// ClipCap's parts: mappers from CLIP features to GPT-2 prefixes, the training loss, and the captioner. Runs in browsers
// and in Node, where `loadCaptioner` is that of the entry "./node".
import { load as loadClip } from '@foreword/clip';
import { load as loadGpt2 } from '@foreword/gpt2';
import { resolveModel } from '@foreword/hub';
import type { Device } from '@foreword/tensor';
import type { Captioner } from './captioner.ts';
import { loadNamedCaptioner, type CaptionerNames, type NamedCaptionerOptions } from './load-captioner.ts';

export { captionLoss, type CaptionBatch, type CaptionLossOptions } from './caption-loss.ts';
export {
  Captioner,
  type Caption,
  type CaptionerParts,
  type CaptionOptions,
  type Picture,
} from './captioner.ts';
export type { CaptionerNames, NamedCaptionerOptions } from './load-captioner.ts';
export { loadCaptionerFiles, type CaptionerFiles } from './load-captioner-files.ts';
export {
  atItem,
  toDecodeMethod,
  toReranking,
  type BeamChoice,
  type ContrastiveChoice,
  type DecodeChoice,
  type DecodeChoiceParts,
  type MagicChoice,
  type Reranking,
  type SampleChoice,
  type TextRules,
} from './decode-choice.ts';
export { knownDecodeChoices, parseDecodeChoice } from './parse-decode-choice.ts';
export { ClipTextScorer, type TextOfPicture } from './clip-text-score.ts';
export {
  explainCaption,
  type CaptionExplanation,
  type ExplainedWord,
  type ExplainOptions,
  type NearToken,
} from './explain-caption.ts';
export { createMapper, loadMapper, mapperShapes } from './create-mapper.ts';
export { checkpointEntries, checkpointParameters, clipProjectPrefix } from './mapper-entries.ts';
export {
  fixedHiddenSize,
  inferMapperConfig,
  mapperDefaults,
  positionsBefore,
  resolveMapperConfig,
  type MapperConfig,
  type MapperType,
  type ResolvedMapperConfig,
} from './mapper-config.ts';
export {
  prefixKinds,
  type PrefixKind,
  type PrefixPlacement,
  type ResolvedPlacement,
} from './prefix-placement.ts';
export { nearestTokens, prefixInputs, type PrefixInputs } from './prefix-inputs.ts';
export { MapperError } from './mapper-error.ts';
export { LinearMapper } from './linear-mapper.ts';
export { MlpMapper } from './mlp-mapper.ts';
export { PrefixMapper } from './prefix-mapper.ts';
export { TransformerMapper } from './transformer-mapper.ts';
export {
  featureSpaceEntries,
  readFeatureSpace,
  standardised,
  toFeatureSpace,
  unitVector,
  type FeatureSpace,
} from './feature-space.ts';
export { normaliseFeatures } from './normalise-features.ts';
export { parseRunConfig, type RunConfig } from './run-config.ts';

/**
 * A captioner from models by their names; disposing it frees them. What is fetched is kept in OPFS.
 * @throws HubError with `code` and `cure`; ClipError, CheckpointError, MapperError, TorchFileError for files that do
 * not fit, or not each other; the signal's reason
 * @example
 * const captioner = await loadCaptioner(device, { mapper: 'https://host/coco_prefix-009.pt' }, { dtype: 'f16' });
 */
export function loadCaptioner(
  device: Device,
  names: CaptionerNames,
  options: NamedCaptionerOptions = {},
): Promise<Captioner> {
  return loadNamedCaptioner({ resolve: resolveModel, loadClip, loadGpt2 }, device, names, options);
}
