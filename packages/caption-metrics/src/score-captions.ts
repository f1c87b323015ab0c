// Scores a run's captions against references given in COCO's own layout: tokens, metrics, statistics, per image.
import { bleu, type BleuScores } from './bleu.ts';
import { captionStatistics, type CaptionStatistics } from './caption-statistics.ts';
import { ciderD, type DocumentFrequencies } from './cider-d.ts';
import type { Tokens } from './n-grams.ts';
import { tokenizeCaption } from './ptb-tokenize.ts';
import { rougeL } from './rouge-l.ts';

export type ImageId = number | string;

/** A caption of an image, with COCO's key names: an entry of `annotations` or of a results file. */
export interface ImageCaption {
  image_id: ImageId;
  caption: string;
}

/** A generated caption. */
export interface CaptionResult extends ImageCaption {
  /** Whether the model ended the caption itself, where that is known. */
  finished?: boolean;
}

export interface ImageScores {
  imageId: ImageId;
  caption: string;
  bleu: BleuScores;
  rougeL: number;
  ciderD: number;
}

export interface CaptionScores {
  /** Images scored. */
  images: number;
  /** Images that have references but no result; they do not count. */
  imagesWithoutResult: ImageId[];
  bleu: BleuScores;
  testLength: number;
  referenceLength: number;
  guess: number[];
  correct: number[];
  rougeL: number;
  ciderD: number;
  /** Where CIDEr's document frequencies come from: the references of the scored images, or the caller. */
  documentFrequencySource: 'references' | 'given';
  statistics: CaptionStatistics;
  /** In the order of the results. */
  perImage: ImageScores[];
}

/** Thrown when results and references do not fit together. */
export class CaptionScoreError extends Error {
  override name = 'CaptionScoreError';
}

/**
 * BLEU-1..4, ROUGE-L and CIDEr-D as coco-caption reports them, after PTB tokenisation, with the scores of each image
 * and statistics of the captions.
 *
 * @param input.results one caption per image
 * @param input.references captions of the same images, any number each; those of other images are left out
 * @param input.documentFrequencies for CIDEr, when not those of the references (tokens as `tokenizeCaption` makes them)
 * @param input.training captions of the training split, for the share of novel captions
 * @throws CaptionScoreError for no results, an image with two results, or one without references
 */
export function scoreCaptions(input: {
  results: readonly CaptionResult[];
  references: readonly ImageCaption[];
  documentFrequencies?: DocumentFrequencies;
  training?: readonly string[];
}): CaptionScores {
  const { results, documentFrequencies, training } = input;
  if (results.length === 0) throw new CaptionScoreError('there is no caption to score: results is empty');
  const referenceTexts = groupByImage(input.references);
  const seen = new Set<ImageId>();
  const hypotheses: Tokens[] = [];
  const references: Tokens[][] = [];
  for (const { image_id: id, caption } of results) {
    if (seen.has(id)) throw new CaptionScoreError(`image ${id} has two results; give one caption per image`);
    seen.add(id);
    const texts = referenceTexts.get(id);
    if (!texts)
      throw new CaptionScoreError(`image ${id} has a result but no reference; is this the right split?`);
    hypotheses.push(tokenizeCaption(caption));
    references.push(texts.map(tokenizeCaption));
  }

  const { perImage: bleuPerImage, ...corpusBleu } = bleu(hypotheses, references);
  const rouge = rougeL(hypotheses, references);
  const cider = ciderD(hypotheses, references, { documentFrequencies });
  const endingsKnown = results.every(({ finished }) => finished !== undefined);
  return {
    images: results.length,
    imagesWithoutResult: [...referenceTexts.keys()].filter((id) => !seen.has(id)),
    ...corpusBleu,
    rougeL: rouge.rougeL,
    ciderD: cider.ciderD,
    documentFrequencySource: documentFrequencies ? 'given' : 'references',
    statistics: captionStatistics(hypotheses, {
      training: training?.map(tokenizeCaption),
      finished: endingsKnown ? results.map(({ finished }) => finished === true) : undefined,
    }),
    perImage: results.map(({ image_id: imageId, caption }, i) => ({
      imageId,
      caption,
      bleu: bleuPerImage[i],
      rougeL: rouge.perImage[i],
      ciderD: cider.perImage[i],
    })),
  };
}

function groupByImage(captions: readonly ImageCaption[]): Map<ImageId, string[]> {
  const groups = new Map<ImageId, string[]>();
  for (const { image_id: id, caption } of captions) {
    const group = groups.get(id);
    if (group) group.push(caption);
    else groups.set(id, [caption]);
  }
  return groups;
}
