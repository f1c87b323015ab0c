// Opens the dataset that a command names: the embedded one, drawn on first use, or what people have.
import { join } from 'node:path';
import { openCaptionData, splits, type Dataset } from '@foreword/caption-data';
import { CommandError, ProgressBar } from '@foreword/cli-kit';
import { ensureScenes, type SceneCounts } from '@foreword/scenes/node';
import { cacheRoot, scenesRoot } from './repository.ts';

export { splits, type Dataset, type Example, type Split } from '@foreword/caption-data';

export interface OpenDatasetOptions {
  /** Folder of the pictures, where they do not lie beside the captions. */
  pictures?: string;
  /** Stop at a picture that is not there. */
  strict?: boolean;
  /** Sizes of the small embedded dataset of --quick, which lies apart from the whole one. */
  quickCounts?: SceneCounts;
  signal?: AbortSignal;
}

/**
 * Opens `scenes` (generated on first use), `FORMAT:PATH` or a path; formats are those of `@foreword/caption-data`.
 * Splits may be empty: see {@link assertTrainable}.
 * @throws CommandError when the dataset is missing or not readable
 */
export async function openDataset(
  name: string,
  { pictures, strict, quickCounts, signal }: OpenDatasetOptions = {},
): Promise<Dataset> {
  if (name !== 'scenes') return await openCaptionData(name, { pictures, strict, otherNames: ['scenes'] });
  let bar: ProgressBar | undefined;
  const { dir } = await ensureScenes({
    root: quickCounts ? join(cacheRoot(), 'scenes-quick') : scenesRoot,
    counts: quickCounts,
    signal,
    onProgress: (progress) => {
      bar ??= new ProgressBar({ label: 'draw pictures', total: progress.total, unit: 'picture' });
      bar.update(progress.done);
    },
  });
  bar?.finish();
  return { ...(await openCaptionData(`coco:${dir}`, { strict })), name };
}

/** @throws CommandError when a split that training needs is empty */
export function assertTrainable({ name, splits: own }: Dataset): void {
  for (const split of splits) {
    if (own[split].length > 0) continue;
    throw new CommandError(`dataset ${name}: its ${split} split has no usable picture with a caption`, {
      cure: 'give a dataset with pictures to learn from; one without can be scored with --test-on',
    });
  }
}
