// Scores a run's captions against references given in COCO's own layout: tokens, metrics, statistics, per image.
import { bleu, type BleuScores } from './bleu.ts';
import { captionStatistics, type CaptionStatistics } from './caption-statistics.ts';
import { ciderD, documentFrequencies, type DocumentFrequencies } from './cider-d.ts';
import { clipScore, type Feature } from './clip-score.ts';
import { bleuMeasures, meanMeasure, meteorMeasure, nistMeasure, type Measure } from './measures.ts';
import { meteor, type MeteorLabel, type SensesOf } from './meteor.ts';
import { mtevalTokenize } from './mteval-tokenize.ts';
import { nist } from './nist.ts';
import { tokenizeCaption } from './ptb-tokenize.ts';
import { rougeL } from './rouge-l.ts';
import { scoreGroups, type GroupScores } from './score-groups.ts';
import { smoothedBleuOf } from './smoothed-sentence-bleu.ts';
import type { ImportedSpice } from './spice.ts';

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

/** CLIP's features of one image, of its caption and of its references; see `clipScore`. */
export interface ClipFeatures {
  image: Feature;
  caption: Feature;
  references?: readonly Feature[];
}

/** Where CIDEr's document frequencies come from: the references of the scored images, the training split, the caller. */
export type DocumentFrequencySource = 'references' | 'training' | 'given';

export interface ScoreInput {
  /** One caption per image. */
  results: readonly CaptionResult[];
  /** Captions of the same images, any number each; those of other images are left out. */
  references: readonly ImageCaption[];
  /** For CIDEr, instead of those of the references: of the training captions, or a table. */
  documentFrequencies?: 'training' | DocumentFrequencies;
  /** Captions of the training split, for the share of novel ones; with their images also for CIDEr. */
  training?: readonly string[] | readonly ImageCaption[];
  /** Meanings of words, so that METEOR matches synonyms. */
  sensesOf?: SensesOf;
  /** Features of an image and its captions, for CLIPScore. */
  clipFeatures?: (image: ImageId) => ClipFeatures | undefined;
  /** SPICE computed elsewhere. */
  spice?: ImportedSpice;
  /** Which part of the corpus an image belongs to, for scores of each: nocaps' domains. */
  groupOf?: (image: ImageId) => string | undefined;
}

export interface ImageScores {
  imageId: ImageId;
  caption: string;
  bleu: BleuScores;
  smoothedBleu: number;
  rougeL: number;
  meteor: number;
  ciderD: number;
  nist: number;
  clipScore?: number;
  refClipScore?: number;
  spice?: number;
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
  /** Mean over images of smoothed sentence BLEU-4. */
  smoothedBleu: number;
  rougeL: number;
  meteor: number;
  /** What METEOR's matching used. */
  meteorLabel: MeteorLabel;
  ciderD: number;
  documentFrequencySource: DocumentFrequencySource;
  /** How many images' references were counted for them. */
  documentImages: number;
  nist: number;
  /** Where features were given. */
  clipScore?: number;
  /** Where features of references were given too. */
  refClipScore?: number;
  /** Imported, where given. */
  spice?: number;
  statistics: CaptionStatistics;
  /** All of the scores above in one list, for tables and significance tests. */
  measures: Measure[];
  /** The measures of each group of images; none where `groupOf` names none. */
  groups: GroupScores[];
  /** In the order of the results. */
  perImage: ImageScores[];
}

/** Thrown when results and references do not fit together. */
export class CaptionScoreError extends Error {
  override name = 'CaptionScoreError';
}

/**
 * Every metric of this package from raw captions: BLEU-1..4, ROUGE-L and CIDEr-D as coco-caption reports them, METEOR
 * and smoothed sentence BLEU on the same PTB tokens, NIST on mteval's, CLIPScore and SPICE where their inputs are
 * given; of the corpus and of each image, with statistics of the captions.
 *
 * @throws CaptionScoreError for no results, an image with two results, one without references, features or SPICE where
 *   the others have them, and document frequencies of training captions whose images are not known
 */
export function scoreCaptions(input: ScoreInput): CaptionScores {
  const { results, training, sensesOf } = input;
  const { texts, imagesWithoutResult } = matchReferences(input);
  const hypotheses = results.map(({ caption }) => tokenizeCaption(caption));
  const references = texts.map((set) => set.map(tokenizeCaption));
  const { table, source } = chooseFrequencies(input);

  const { perImage: bleuPerImage, counts: bleuCounts, ...corpusBleu } = bleu(hypotheses, references);
  const smoothed = bleuCounts.map((counts) => smoothedBleuOf(counts));
  const rouge = rougeL(hypotheses, references);
  const met = meteor(hypotheses, references, { sensesOf });
  const cider = ciderD(hypotheses, references, { documentFrequencies: table });
  const information = nist(
    results.map(({ caption }) => mtevalTokenize(caption)),
    texts.map((set) => set.map(mtevalTokenize)),
  );
  const clip = scoreFeatures(input);
  const spice = chooseSpice(input);
  const measures: Measure[] = [
    ...bleuMeasures(bleuCounts),
    meanMeasure('smoothed-bleu', 'sentence BLEU-4', smoothed),
    meanMeasure('rouge-l', 'ROUGE-L', rouge.perImage),
    meteorMeasure(met),
    meanMeasure('cider-d', 'CIDEr-D', cider.perImage),
    nistMeasure(information),
  ];
  if (clip) measures.push(meanMeasure('clip-score', 'CLIPScore', clip.perImage));
  if (clip?.refPerImage) measures.push(meanMeasure('ref-clip-score', 'RefCLIPScore', clip.refPerImage));
  if (spice) measures.push(meanMeasure('spice', 'SPICE (imported)', spice));
  const endingsKnown = results.every(({ finished }) => finished !== undefined);
  return {
    images: results.length,
    imagesWithoutResult,
    ...corpusBleu,
    smoothedBleu: measures[4].value,
    rougeL: rouge.rougeL,
    meteor: met.meteor,
    meteorLabel: met.label,
    ciderD: cider.ciderD,
    documentFrequencySource: source,
    documentImages: table?.imageCount ?? results.length,
    nist: information.nist,
    clipScore: clip?.clipScore,
    refClipScore: clip?.refClipScore,
    spice: measures.find(({ name }) => name === 'spice')?.value,
    statistics: captionStatistics(hypotheses, {
      training: training?.map((item) => tokenizeCaption(typeof item === 'string' ? item : item.caption)),
      finished: endingsKnown ? results.map(({ finished }) => finished === true) : undefined,
    }),
    measures,
    groups: scoreGroups(
      measures,
      results.map(({ image_id: id }) => input.groupOf?.(id)),
    ),
    perImage: results.map(({ image_id: imageId, caption }, i) => ({
      imageId,
      caption,
      bleu: bleuPerImage[i],
      smoothedBleu: smoothed[i],
      rougeL: rouge.perImage[i],
      meteor: met.perImage[i],
      ciderD: cider.perImage[i],
      nist: information.perImage[i],
      clipScore: clip?.perImage[i],
      refClipScore: clip?.refPerImage?.[i],
      spice: spice?.[i],
    })),
  };
}

/** The reference captions of every result, in the order of the results. */
function matchReferences({ results, references }: ScoreInput): {
  texts: string[][];
  imagesWithoutResult: ImageId[];
} {
  if (results.length === 0) throw new CaptionScoreError('there is no caption to score: results is empty');
  const groups = groupByImage(references);
  const seen = new Set<ImageId>();
  const texts = results.map(({ image_id: id }) => {
    if (seen.has(id)) throw new CaptionScoreError(`image ${id} has two results; give one caption per image`);
    seen.add(id);
    const own = groups.get(id);
    if (!own)
      throw new CaptionScoreError(`image ${id} has a result but no reference; is this the right split?`);
    return own;
  });
  return { texts, imagesWithoutResult: [...groups.keys()].filter((id) => !seen.has(id)) };
}

function chooseFrequencies({ documentFrequencies: wanted, training }: ScoreInput): {
  table?: DocumentFrequencies;
  source: DocumentFrequencySource;
} {
  if (wanted === undefined) return { source: 'references' };
  if (wanted !== 'training') return { table: wanted, source: 'given' };
  const captions = (training ?? []).filter((item): item is ImageCaption => typeof item !== 'string');
  if (captions.length === 0) {
    throw new CaptionScoreError(
      'document frequencies of the training split need its captions with their image_id; none were given',
    );
  }
  return { table: documentFrequenciesOfCaptions(captions), source: 'training' };
}

/** CIDEr's document frequencies over raw captions, of a training split for example. */
export function documentFrequenciesOfCaptions(captions: readonly ImageCaption[]): DocumentFrequencies {
  return documentFrequencies([...groupByImage(captions).values()].map((set) => set.map(tokenizeCaption)));
}

function scoreFeatures({ results, clipFeatures }: ScoreInput): ReturnType<typeof clipScore> | undefined {
  if (!clipFeatures) return undefined;
  const all = results.map(({ image_id: id }) => {
    const features = clipFeatures(id);
    if (!features) throw new CaptionScoreError(`image ${id} has no CLIP features, but others have`);
    return features;
  });
  const references = all.flatMap((features) => (features.references ? [features.references] : []));
  if (references.length > 0 && references.length < all.length) {
    throw new CaptionScoreError('some images have CLIP features of their references and some have not');
  }
  return clipScore({
    images: all.map(({ image }) => image),
    captions: all.map(({ caption }) => caption),
    references: references.length > 0 ? references : undefined,
  });
}

function chooseSpice({ results, spice }: ScoreInput): number[] | undefined {
  if (!spice) return undefined;
  return results.map(({ image_id: id }) => {
    const value = spice.get(String(id));
    if (value === undefined) throw new CaptionScoreError(`the imported SPICE has no value for image ${id}`);
    return value;
  });
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
