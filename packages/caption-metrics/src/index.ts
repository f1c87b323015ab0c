// Metrics of image captions: tokenisation, BLEU, ROUGE-L, CIDEr-D and corpus statistics. Runs anywhere.
export { bleu, type BleuResult, type BleuScores } from './bleu.ts';
export { captionStatistics, type CaptionStatistics } from './caption-statistics.ts';
export { ciderD, documentFrequencies, type CiderDResult, type DocumentFrequencies } from './cider-d.ts';
export { nGramKey, type Tokens } from './n-grams.ts';
export { captionPunctuation, ptbTokenize, tokenizeCaption } from './ptb-tokenize.ts';
export { rougeL, sentenceRougeL, type RougeLResult } from './rouge-l.ts';
export {
  CaptionScoreError,
  scoreCaptions,
  type CaptionResult,
  type CaptionScores,
  type ImageCaption,
  type ImageId,
  type ImageScores,
} from './score-captions.ts';
export { smoothedSentenceBleu } from './smoothed-sentence-bleu.ts';
