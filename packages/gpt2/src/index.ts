// GPT-2: the model, its files, and text generation from prefix embeddings. Runs in browsers and in Node, where `load` is
// that of the entry "./node".
import { resolveModel } from '@foreword/hub';
import type { Device } from '@foreword/tensor';
import { loadWith, type LoadedGpt2, type LoadOptions } from './load.ts';

export { Gpt2, parameterShapes, type HiddenOptions, type LossOptions } from './gpt2.ts';
export { meanAttention } from './mean-attention.ts';
export { loadGpt2, type Gpt2Files } from './load-gpt2.ts';
export type { LoadedGpt2, LoadOptions } from './load.ts';
export {
  Gpt2ConfigError,
  gpt2ConfigJson,
  parseGpt2Config,
  type Gpt2Config,
  type Gpt2ConfigInput,
} from './config.ts';
export { hasLora, Lora, peftPrefix, type LoraConfig } from './lora.ts';
export {
  defaultMaxTokens,
  Gpt2Generator,
  type GenerateOptions,
  type Generation,
  type GeneratorOptions,
} from './generation/gpt2-generator.ts';
export { prepareMethod, type DecodeMethod, type PreparedMethod } from './generation/decode-method.ts';
export { DecodeSession, type SessionShape } from './generation/decode-session.ts';
export { allLogits, likeliestIds, topTokens, withStates, type Readout } from './generation/readout.ts';
export type {
  CandidateText,
  DecodeLimits,
  DecodeSteps,
  Decoding,
  Hypothesis,
  LogitRows,
  ScoreTexts,
  StateRows,
  TokenEvent,
  TopTokens,
} from './decode/steps.ts';
export { beamCandidates, beamSearch, clipCapBeam, type BeamOptions } from './decode/beam.ts';
export type { LengthRule } from './decode/length-rule.ts';
export { contrastiveSearch, type ContrastiveOptions } from './decode/contrastive.ts';
export { minimumBayesRisk, rerank, tokenOverlapF1, type TextUtility } from './decode/rerank.ts';
export { drain } from './decode/drain.ts';
export { sampleTokens, type SampleOptions } from './decode/sample.ts';
export { greedySearch, greedySearchOfLogits } from './decode/token-by-token.ts';
export {
  nextTokenDistribution,
  type Distribution,
  type FilterOptions,
} from './decode/next-token-distribution.ts';
export {
  logitProcessors,
  type LogitProcessor,
  type ProcessorContext,
  type ProcessorOptions,
} from './decode/logit-processors.ts';
export { processedSteps, topOfLogits } from './decode/processed-steps.ts';
export type { PenaltyOptions } from './decode/penalties.ts';

/**
 * A GPT-2 by its name: a repository of the hub (`gpt2`, `gpt2-xl`, `owner/name`), a folder of this site (`./folder`), or
 * a file of weights or its URL together with `config` and `tokenizer`. What is fetched is kept in OPFS.
 * @throws HubError with `code` and `cure`; Gpt2ConfigError, CheckpointError, TokenizerFileError when the files do
 * not fit; the signal's reason
 * @example
 * const { model, tokenizer } = await load(device, 'gpt2', { progress: ({ file, loaded }) => show(file, loaded) });
 */
export function load(device: Device, name: string, options: LoadOptions = {}): Promise<LoadedGpt2> {
  return loadWith(resolveModel, device, name, options);
}
