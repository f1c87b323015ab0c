// Metrics of image captions: tokenisation, reference scorers, variety, significance. Runs anywhere.
export { bleu, bleuOf, sumBleuCounts, type BleuCounts, type BleuResult, type BleuScores } from './bleu.ts';
export {
  bootstrapIntervals,
  pairedBootstrap,
  summariseSeeds,
  type BootstrapOptions,
  type Interval,
  type MeasureComparison,
  type SeedSummary,
} from './bootstrap.ts';
export { captionStatistics, type CaptionStatistics } from './caption-statistics.ts';
export { ciderD, documentFrequencies, type CiderDResult, type DocumentFrequencies } from './cider-d.ts';
export { clipScore, clipScorePrompt, type ClipScoreResult, type Feature } from './clip-score.ts';
export { measureNames, type Measure, type MeasureName } from './measures.ts';
export { meteor, type MeteorCounts, type MeteorLabel, type MeteorResult, type SensesOf } from './meteor.ts';
export { mtevalTokenize } from './mteval-tokenize.ts';
export { nGramKey, type Tokens } from './n-grams.ts';
export { nist, type NistCounts, type NistResult } from './nist.ts';
export { porter2Stem } from './porter2-stem.ts';
export { captionPunctuation, ptbTokenize, tokenizeCaption } from './ptb-tokenize.ts';
export { rougeL, sentenceRougeL, type RougeLResult } from './rouge-l.ts';
export {
  CaptionScoreError,
  documentFrequenciesOfCaptions,
  scoreCaptions,
  type CaptionResult,
  type CaptionScores,
  type ClipFeatures,
  type DocumentFrequencySource,
  type ImageCaption,
  type ImageId,
  type ImageScores,
  type ScoreInput,
} from './score-captions.ts';
export { scoreGroups, type GroupScores } from './score-groups.ts';
export { selfBleu } from './self-bleu.ts';
export { smoothedBleu, smoothedSentenceBleu, type SmoothedBleuResult } from './smoothed-sentence-bleu.ts';
export { readSpice, type ImportedSpice } from './spice.ts';
