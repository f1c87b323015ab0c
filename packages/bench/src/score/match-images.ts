// Brings results into the order of the references and refuses what would make a score mean something else.
import type { CaptionResult, ImageCaption, ImageId } from '@foreword/caption-metrics';
import { CommandError } from '@foreword/cli-kit';

export interface MatchOptions {
  /** Names the files in errors. */
  resultsPath: string;
  referencesPath: string;
  /** Score the images that both files have, instead of refusing others. */
  partial: boolean;
  /** Score empty captions (as 0) instead of refusing them. */
  allowEmpty: boolean;
}

/**
 * Results of the images that have references, in the order of the references, so that two runs can be compared image
 * by image.
 *
 * @throws CommandError for two captions of one image, empty captions, missing and extra images; names some of them
 */
export function matchImages(
  results: readonly CaptionResult[],
  references: readonly ImageCaption[],
  { resultsPath, referencesPath, partial, allowEmpty }: MatchOptions,
): CaptionResult[] {
  if (results.length === 0) {
    throw new CommandError(`${resultsPath} holds no caption`, {
      cure: 'was the run ended before it captioned?',
    });
  }
  const byImage = new Map<ImageId, CaptionResult>();
  for (const result of results) {
    if (byImage.has(result.image_id)) {
      throw new CommandError(`${resultsPath}: image ${result.image_id} has two captions`, {
        cure: 'keep one caption per image',
      });
    }
    byImage.set(result.image_id, result);
  }
  const empty = results.filter(({ caption }) => caption.trim() === '').map(({ image_id: id }) => id);
  if (empty.length > 0 && !allowEmpty) {
    throw new CommandError(`${resultsPath}: ${captionCount(empty)} empty: ${some(empty)}`, {
      cure: 'caption them again, or score them as 0 with --allow-empty',
    });
  }
  const ids = new Set(references.map(({ image_id: id }) => id));
  const matched = [...ids].flatMap((id) => byImage.get(id) ?? []);
  if (matched.length === 0) {
    throw new CommandError(
      `${resultsPath} and ${referencesPath} have no image in common: ${some([...byImage.keys()])} against ${some([...ids])}`,
      {
        cure: 'are both of the same split, with the same image ids?',
      },
    );
  }
  if (partial) return matched;
  const missing = [...ids].filter((id) => !byImage.has(id));
  if (missing.length > 0) {
    throw new CommandError(
      `${resultsPath} lacks ${missing.length} of the ${ids.size} images in ${referencesPath}: ${some(missing)}`,
      { cure: 'caption the others too, or score only those in both files with --partial' },
    );
  }
  const extra = [...byImage.keys()].filter((id) => !ids.has(id));
  if (extra.length > 0) {
    throw new CommandError(
      `${resultsPath} has ${extra.length} image${extra.length > 1 ? 's' : ''} without references in ${referencesPath}: ${some(extra)}`,
      { cure: 'is this the right split? --partial scores only images in both files' },
    );
  }
  return matched;
}

const captionCount = ({ length }: readonly unknown[]): string =>
  length === 1 ? '1 caption is' : `${length} captions are`;

function some(ids: readonly ImageId[]): string {
  const shown = ids.slice(0, 3).join(', ');
  return ids.length > 3 ? `${shown}, …` : shown;
}
