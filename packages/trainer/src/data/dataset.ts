// A captioning dataset in memory: which pictures, which captions, which split. Read from COCO caption files.
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CommandError, nearestWord, ProgressBar } from '@foreword/cli-kit';
import type { Scene } from '@foreword/scenes';
import { ensureScenes, type SceneCounts } from '@foreword/scenes/node';
import { cacheRoot, scenesRoot, shownPath } from './repository.ts';

export type Split = 'train' | 'val' | 'test';
export const splits: readonly Split[] = ['train', 'val', 'test'];

export interface Example {
  id: number;
  path: string;
  captions: string[];
  /** Ground truth of an embedded scene, where the dataset has it. */
  scene?: Scene;
}

export interface Dataset {
  name: string;
  splits: Record<Split, Example[]>;
  /** SHA-256 over the caption files: part of cache keys and of the run's record. */
  digest: string;
  /** What was left out and why, one sentence each. */
  skipped: string[];
  /** Remarks for people, such as a test split that had to be borrowed. */
  notes: string[];
}

interface CocoFile {
  images: {
    id: number;
    file_name: string;
    width: number;
    height: number;
    scene?: Omit<Scene, 'width' | 'height'>;
  }[];
  annotations: { id: number; image_id: number; caption: string }[];
}

export interface OpenDatasetOptions {
  /** Sizes of the small embedded dataset of --quick, which lies apart from the whole one. */
  quickCounts?: SceneCounts;
  signal?: AbortSignal;
}

/**
 * Opens `scenes` (generated on first use) or a folder in COCO's layout: `annotations/captions_train*.json`,
 * `captions_val*.json`, perhaps `captions_test*.json`, and a folder of pictures of the same ending beside it.
 * @throws CommandError when the dataset is missing or not readable
 */
export async function openDataset(
  name: string,
  { quickCounts, signal }: OpenDatasetOptions = {},
): Promise<Dataset> {
  if (name !== 'scenes') return await openFolder(resolve(name.replace(/^coco:/, '')), name);
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
  return await openFolder(dir, name);
}

async function openFolder(dir: string, name: string): Promise<Dataset> {
  const cure =
    "give --dataset scenes, or a folder with annotations/captions_train*.json and captions_val*.json in COCO's format";
  const found = await readdir(join(dir, 'annotations')).catch((error: NodeJS.ErrnoException) => {
    const cause = error.code === 'ENOENT' ? 'there is no such folder' : error.message;
    const near = nearestWord(name, ['scenes']);
    throw new CommandError(
      `dataset ${name}: ${join(shownPath(dir), 'annotations')} cannot be read: ${cause}`,
      { cure: near ? `did you mean --dataset ${near}? Otherwise ${cure}` : cure },
    );
  });
  const digest = createHash('sha256');
  const dataset: Dataset = {
    name,
    splits: { train: [], val: [], test: [] },
    digest: '',
    skipped: [],
    notes: [],
  };
  for (const split of splits) {
    const file = found.find((entry) => new RegExp(`^captions_${split}\\d*\\.json$`).test(entry));
    if (!file) continue;
    const bytes = await readFile(join(dir, 'annotations', file));
    digest.update(bytes);
    const pictures = join(dir, file.replace('captions_', '').replace('.json', ''));
    dataset.splits[split] = examplesOf(
      parse(bytes.toString('utf8'), file, cure),
      pictures,
      file,
      dataset.skipped,
    );
  }
  dataset.digest = digest.digest('hex');
  if (dataset.splits.test.length === 0 && dataset.splits.val.length > 0) {
    dataset.splits.test = dataset.splits.val;
    dataset.notes.push('this dataset has no test split: the val split is scored instead');
  }
  for (const split of splits) {
    if (dataset.splits[split].length === 0) {
      throw new CommandError(`dataset ${name}: its ${split} split has no usable picture with a caption`, {
        cure,
      });
    }
  }
  // A single missing picture is skipped later; without its folder every picture would be.
  for (const split of splits) {
    const folder = dirname(dataset.splits[split][0].path);
    await stat(folder).catch(() => {
      throw new CommandError(
        `dataset ${name}: the folder ${shownPath(folder)} of its ${split} pictures is missing`,
        { cure: 'put the pictures there, in a folder named like the caption file (captions_X.json: X/)' },
      );
    });
  }
  return dataset;
}

function parse(text: string, file: string, cure: string): CocoFile {
  try {
    const json = JSON.parse(text) as Partial<CocoFile>;
    if (!Array.isArray(json.images) || !Array.isArray(json.annotations)) {
      throw new Error('"images" and "annotations" lists are missing');
    }
    const wrong = json.images.findIndex((image) => typeof image?.file_name !== 'string');
    if (wrong >= 0) throw new Error(`images[${wrong}] has no "file_name"`);
    const lost = json.annotations.findIndex((annotation) => annotation?.image_id === undefined);
    if (lost >= 0) throw new Error(`annotations[${lost}] has no "image_id"`);
    return json as CocoFile;
  } catch (error) {
    throw new CommandError(`${file} is no COCO caption file: ${(error as Error).message}`, { cure });
  }
}

function examplesOf(
  { images, annotations }: CocoFile,
  pictures: string,
  file: string,
  skipped: string[],
): Example[] {
  const captions = new Map<number, string[]>();
  let empty = 0;
  for (const { image_id, caption } of annotations) {
    const text = typeof caption === 'string' ? caption.trim().replace(/\s+/g, ' ') : '';
    if (!text) empty++;
    else captions.set(image_id, [...(captions.get(image_id) ?? []), text]);
  }
  if (empty > 0) skipped.push(`${file}: ${empty} empty captions`);
  const examples: Example[] = [];
  let bare = 0;
  for (const { id, file_name, width, height, scene } of images) {
    const own = captions.get(id);
    if (!own) bare++;
    else
      examples.push({
        id,
        path: join(pictures, file_name),
        captions: own,
        scene: scene && { ...scene, width, height },
      });
  }
  if (bare > 0) skipped.push(`${file}: ${bare} pictures without a caption`);
  return examples;
}
