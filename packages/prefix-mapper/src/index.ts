// ClipCap's parts: mappers from CLIP features to GPT-2 prefixes, the training loss, and the captioner.
export { captionLoss, type CaptionBatch, type CaptionLossOptions } from './caption-loss.ts';
export {
  Captioner,
  type Caption,
  type CaptionerParts,
  type CaptionOptions,
  type Picture,
} from './captioner.ts';
export { loadCaptionerFiles, type CaptionerFiles } from './load-captioner-files.ts';
export {
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
export { createMapper, loadMapper, mapperFromTensors } from './create-mapper.ts';
export { checkpointEntries, clipProjectPrefix, mapperEntries } from './mapper-entries.ts';
export {
  inferMapperConfig,
  mapperDefaults,
  resolveMapperConfig,
  type MapperConfig,
  type MapperType,
  type ResolvedMapperConfig,
} from './mapper-config.ts';
export { MapperError } from './mapper-error.ts';
export { mapperShapes } from './mapper-shapes.ts';
export { LinearMapper } from './linear-mapper.ts';
export { MlpMapper } from './mlp-mapper.ts';
export { PrefixMapper } from './prefix-mapper.ts';
export { TransformerMapper } from './transformer-mapper.ts';
export { normaliseFeatures } from './normalise-features.ts';
export { parseRunConfig, type RunConfig } from './run-config.ts';
