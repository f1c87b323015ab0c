// A file of features: those of a split in the cache, or those of a chunk of one.
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@foreword/cli-kit';
import { bytesSource, openSafetensors, safetensorsChunks } from '@foreword/tensor/node';
import type { Dataset, Example, Split } from '../data/dataset.ts';
import { cacheRoot } from '../data/repository.ts';
import type { EncodedPictures } from './encode-pictures.ts';

/** Raised when preprocessing changes, so that old files are not taken. */
const preprocessing = 'clip-preprocess-1';

/**
 * What the features of a split depend on: preprocessing, CLIP's weights, whether they are its tower's rows, the captions'
 * files, every picture's state.
 */
export async function featureKey(
  dataset: Dataset,
  split: Split,
  { weightsHash, tokens }: { weightsHash: string; tokens: boolean },
): Promise<string> {
  const states = await pictureStates(dataset.splits[split]);
  return createHash('sha256')
    .update(
      [preprocessing, weightsHash, dataset.digest, split, ...(tokens ? ['tokens'] : []), ...states].join(
        '\n',
      ),
    )
    .digest('hex')
    .slice(0, 24);
}

export const featureFolder = (): string => join(cacheRoot(), 'features');
export const cachedFeatures = (split: Split, key: string): string =>
  join(featureFolder(), `${split}-${key}.safetensors`);

/** Path, size and time of each picture: one that was repaired or replaced is read again. */
async function pictureStates(examples: readonly Example[]): Promise<string[]> {
  const states: string[] = [];
  // In parts: a hundred thousand open requests at once are too many for some disks.
  for (let from = 0; from < examples.length; from += 1024) {
    const part = examples.slice(from, from + 1024).map(async ({ path }) => {
      const info = await stat(path).catch(() => undefined);
      return info ? `${path} ${info.size} ${info.mtimeMs}` : `${path} missing`;
    });
    states.push(...(await Promise.all(part)));
  }
  return states;
}

export async function writeFeatures(
  path: string,
  { used, features, skipped }: EncodedPictures,
  D: number,
): Promise<void> {
  const entries = [
    { name: 'features', dtype: 'F32' as const, shape: [used.length, D], data: features },
    { name: 'used', dtype: 'I32' as const, shape: [used.length], data: Int32Array.from(used) },
  ];
  await writeFileAtomic(path, safetensorsChunks(entries, { skipped: JSON.stringify(skipped) }));
}

/** undefined when the file is missing or damaged: it is made anew and replaced. */
export async function readFeatures(path: string, D: number): Promise<EncodedPictures | undefined> {
  try {
    const file = await openSafetensors(bytesSource(await readFile(path), path));
    const features = await file.readAsF32('features');
    const used = Array.from(await file.readAsI32('used'));
    if (features.length !== used.length * D) return undefined;
    return { used, features, skipped: JSON.parse(file.metadata.skipped ?? '[]') as string[] };
  } catch {
    return undefined;
  }
}
