// How captions are decoded, in the short form users write.
import {
  clipCapBeam,
  minimumBayesRisk,
  type BeamOptions,
  type DecodeMethod,
  type ProcessorOptions,
  type SampleOptions,
  type ScoreTexts,
} from '@foreword/gpt2';
import { MapperError } from './mapper-error.ts';

/** Rules for tokens, which every method keeps. */
export interface TextRules extends Omit<ProcessorOptions, 'badWords'> {
  /** Texts, or token ids, that must not occur. A text is forbidden as it is and with a space before it. */
  badWords?: readonly (string | readonly number[])[];
}

/**
 * In which order the hypotheses of a beam search or of several samples come: `clip`, by CLIP's similarity of text and
 * picture; `mbr`, minimum Bayes risk by token overlap; or by scores of one's own (for MBR with another utility:
 * `minimumBayesRisk(utility)`).
 */
export type Reranking = 'clip' | 'mbr' | ScoreTexts;

export type BeamChoice = { beam: number; temperature?: number; rerank?: Reranking } & Partial<
  Omit<BeamOptions, 'beams'>
>;

export interface SampleChoice {
  sample: SampleOptions;
  rerank?: Reranking;
}

export interface ContrastiveChoice {
  /** How many of the likeliest tokens are tried at each step. */
  contrastive: number;
  /** Weight of being unlike what is there. Default 0.6. */
  alpha?: number;
}

export interface MagicChoice {
  /** How many of the likeliest tokens are tried at each step (the paper, on COCO: 45). */
  magic: number;
  /** Weight of being unlike what is there. Default 0.1, the paper's. */
  alpha?: number;
  /** Weight of CLIP's choice among the candidates. Default 2, the paper's. */
  beta?: number;
}

/**
 * `'greedy'` (what ClipCap's "top-p" is), ClipCap's beam search over `beam` hypotheses (or another, see
 * `BeamOptions`), sampling from a seed, contrastive search, or MAGIC, which CLIP guides. {@link parseDecodeChoice}
 * makes one from a text.
 */
export type DecodeChoice =
  | 'greedy'
  | (TextRules & ({ greedy: true } | BeamChoice | SampleChoice | ContrastiveChoice | MagicChoice));

/** What some choices need besides GPT-2. */
export interface DecodeChoiceParts {
  /** Token ids of a text, for bad words. */
  encode?: (text: string) => readonly number[];
  /** CLIP's similarity of texts to the item's picture, for MAGIC and `rerank: 'clip'`. */
  clipScores?: ScoreTexts;
}

/**
 * The same for `Gpt2Generator`.
 * @throws MapperError when the choice needs a part that is not there.
 */
export function toDecodeMethod(choice: DecodeChoice, parts: DecodeChoiceParts = {}): DecodeMethod {
  if (choice === 'greedy') return { method: 'greedy' };
  const rules = rulesOf(choice, parts);
  if ('greedy' in choice) return { ...rules, method: 'greedy' };
  if ('sample' in choice) return { ...rules, ...choice.sample, method: 'sample' };
  if ('contrastive' in choice) {
    return { ...rules, method: 'contrastive', candidates: choice.contrastive, alpha: choice.alpha };
  }
  if ('magic' in choice) {
    const { magic, alpha = 0.1, beta = 2 } = choice;
    const guide = { weight: beta, score: clipScoresOf(parts, 'MAGIC search') };
    return { ...rules, method: 'contrastive', candidates: magic, alpha, guide };
  }
  const { beam, length, finished, groups, diversityPenalty, temperature } = choice;
  const { length: averages, finished: competes } = clipCapBeam;
  return {
    ...rules,
    method: 'beam',
    beams: beam,
    length: length ?? averages,
    finished: finished ?? competes,
    groups,
    diversityPenalty,
    temperature,
  };
}

/**
 * The scores that put the choice's hypotheses in order; undefined when it asks for none.
 * @param first number of the generator's first item among those that the caller's own scores know
 * @throws MapperError when the choice needs a part that is not there.
 */
export function toReranking(
  choice: DecodeChoice,
  parts: DecodeChoiceParts = {},
  first = 0,
): ScoreTexts | undefined {
  const rerank = rerankingOf(choice);
  if (rerank === 'clip') return clipScoresOf(parts, "reranking by 'clip'");
  if (rerank === 'mbr') return minimumBayesRisk();
  return rerank && ((texts) => rerank(texts.map(({ item, ids }) => ({ item: first + item, ids }))));
}

const rerankingOf = (choice: DecodeChoice): Reranking | undefined =>
  choice !== 'greedy' && 'rerank' in choice ? choice.rerank : undefined;

/** Whether CLIP has to read texts for the choice. */
export const needsClipScores = (choice: DecodeChoice): boolean =>
  choice !== 'greedy' && ('magic' in choice || rerankingOf(choice) === 'clip');

/** The choice for pictures from place `first` on: sampling then draws what it would draw in one large batch. */
export function atItem(choice: DecodeChoice, first: number): DecodeChoice {
  if (choice === 'greedy' || !('sample' in choice)) return choice;
  return { ...choice, sample: { ...choice.sample, stream: (choice.sample.stream ?? 0) + first } };
}

function rulesOf(choice: TextRules, { encode }: DecodeChoiceParts): ProcessorOptions {
  const {
    repetitionPenalty,
    presencePenalty,
    frequencyPenalty,
    noRepeatNgram,
    minTokens,
    processors,
    badWords = [],
  } = choice;
  const sequences = badWords.flatMap((word): (readonly number[])[] => {
    if (typeof word !== 'string') return [word];
    if (!encode) throw new MapperError('decoding: bad words as texts need a tokenizer that can encode');
    return [encode(word), encode(` ${word}`)];
  });
  const rules = {
    repetitionPenalty,
    presencePenalty,
    frequencyPenalty,
    noRepeatNgram,
    minTokens,
    processors,
  };
  return { ...rules, badWords: sequences };
}

function clipScoresOf({ clipScores }: DecodeChoiceParts, what: string): ScoreTexts {
  if (clipScores) return clipScores;
  throw new MapperError(
    `decoding: ${what} needs CLIP's text tower and its tokenizer; put CLIP's tokenizer.json beside its weights, ` +
      'or give the captioner a clip and a clipTokenizer',
  );
}
