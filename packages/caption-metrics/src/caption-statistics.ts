// What a set of generated captions looks like apart from its references: variety, length, novelty, endings.
import { countNGrams, nGramKey, type Tokens } from './n-grams.ts';
import { selfBleu } from './self-bleu.ts';

export interface CaptionStatistics {
  captions: number;
  /** Mean length in words. */
  meanLength: number;
  /** How many captions have each length in words, by length. */
  lengths: number[];
  /** Number of different words. */
  vocabularySize: number;
  /** Number of different captions. */
  uniqueCaptions: number;
  /** Different unigrams over all unigrams (Li et al. 2016); 0 when there are none. */
  distinct1: number;
  /** Different bigrams over all bigrams. */
  distinct2: number;
  /** Mean smoothed BLEU-4 of each caption against all others; lower is more varied. */
  selfBleu: number;
  /** Share of captions that are no training caption, word for word; null when no training captions were given. */
  novelty: number | null;
  /** Share of captions that stopped for length, not by themselves; null when it is not known. */
  unfinishedRate: number | null;
}

/**
 * Statistics over tokenised captions.
 *
 * @param options.training tokenised captions of the training split, for `novelty`
 * @param options.finished for each caption whether the model ended it itself, for `unfinishedRate`
 * @throws RangeError for no captions, or when `finished` is not as long as `captions`
 */
export function captionStatistics(
  captions: readonly Tokens[],
  { training, finished }: { training?: Iterable<Tokens>; finished?: readonly boolean[] } = {},
): CaptionStatistics {
  if (captions.length === 0) throw new RangeError('captionStatistics: the list of captions is empty');
  if (finished && finished.length !== captions.length) {
    throw new RangeError(
      `captionStatistics: ${captions.length} captions but ${finished.length} values in finished`,
    );
  }
  const distinct = [new Set<string>(), new Set<string>()];
  const totals = [0, 0];
  for (const caption of captions) {
    countNGrams(caption, 2).forEach((counts, order) => {
      for (const [key, count] of counts) {
        distinct[order].add(key);
        totals[order] += count;
      }
    });
  }
  const lengths = new Array<number>(
    captions.reduce((most, { length }) => Math.max(most, length), 0) + 1,
  ).fill(0);
  for (const { length } of captions) lengths[length]++;
  const sentences = captions.map(nGramKey);
  let novelty: number | null = null;
  if (training) {
    const seen = new Set<string>();
    for (const caption of training) seen.add(nGramKey(caption));
    novelty = sentences.filter((sentence) => !seen.has(sentence)).length / captions.length;
  }
  return {
    captions: captions.length,
    meanLength: totals[0] / captions.length,
    lengths,
    vocabularySize: distinct[0].size,
    uniqueCaptions: new Set(sentences).size,
    distinct1: totals[0] === 0 ? 0 : distinct[0].size / totals[0],
    distinct2: totals[1] === 0 ? 0 : distinct[1].size / totals[1],
    selfBleu: selfBleu(captions),
    novelty,
    unfinishedRate: finished ? finished.filter((ended) => !ended).length / captions.length : null,
  };
}
