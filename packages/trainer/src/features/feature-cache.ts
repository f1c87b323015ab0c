// CLIP features of a dataset, computed once and kept on disk by what they depend on.
//
// Legend: N pictures, D feature size.
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, writeFileAtomic } from '@foreword/cli-kit';
import { ImageEncoder, imageTokenCount, type Clip } from '@foreword/clip';
import { bytesSource, openSafetensors, writeSafetensors } from '@foreword/tensor/node';
import { decodePictures } from '../data/decode-pictures.ts';
import type { Dataset, Example, Split } from '../data/dataset.ts';
import { cacheRoot } from '../data/repository.ts';

/** Raised when preprocessing changes, so that old caches are not taken. */
const preprocessing = 'clip-preprocess-1';

export interface FeatureSet {
  /** The examples whose picture could be read, in order. */
  examples: Example[];
  /** [N, D], row-major. */
  features: Float32Array;
  D: number;
  skipped: string[];
}

export interface FeatureOptions {
  clip: Clip;
  /** SHA-256 of CLIP's weight file. */
  weightsHash: string;
  /** All rows of CLIP's tower, [(1 + N)·D] numbers a picture, instead of its feature. */
  tokens: boolean;
  strict: boolean;
  signal?: AbortSignal;
}

/** The feature of row i. */
export const featureOf = ({ features, D }: FeatureSet, i: number): Float32Array =>
  features.subarray(i * D, (i + 1) * D);

/** Features of one split, from the cache or computed now. */
export async function splitFeatures(
  dataset: Dataset,
  split: Split,
  options: FeatureOptions,
): Promise<FeatureSet> {
  const { clip, weightsHash, tokens, strict, signal } = options;
  const examples = dataset.splits[split];
  const D = clip.config.embedDim * (tokens ? imageTokenCount(clip.config) : 1);
  const key = createHash('sha256')
    .update(
      [
        preprocessing,
        weightsHash,
        dataset.digest,
        split,
        ...(tokens ? ['tokens'] : []),
        ...(await pictureStates(examples)),
      ].join('\n'),
    )
    .digest('hex')
    .slice(0, 24);
  const path = join(cacheRoot(), 'features', `${split}-${key}.safetensors`);
  const cached = await readCache(path, examples, D);
  if (cached && !(strict && cached.skipped.length > 0)) return cached;
  const encoder = await ImageEncoder.create(clip, { batch: 32, tokens });
  const features = new Float32Array(examples.length * D);
  let waiting: Float32Array[] = [];
  let done = 0;
  const encode = async (): Promise<void> => {
    for (const feature of await encoder.encode(waiting)) features.set(feature, D * done++);
    waiting = [];
  };
  const { used, skipped } = await decodePictures(
    examples,
    { size: clip.config.vision.imageSize, label: `CLIP features ${split}`, strict, signal },
    async (pixels) => {
      waiting.push(pixels);
      if (waiting.length === encoder.batch) await encode();
    },
  );
  await encode();
  encoder.dispose();
  const result = {
    examples: used.map((i) => examples[i]),
    features: features.slice(0, used.length * D),
    D,
    skipped,
  };
  await makeFolder(join(cacheRoot(), 'features'));
  const entries = [
    { name: 'features', dtype: 'F32' as const, shape: [used.length, D], data: result.features },
    { name: 'used', dtype: 'I32' as const, shape: [used.length], data: Int32Array.from(used) },
  ];
  await writeFileAtomic(path, writeSafetensors(entries, { skipped: JSON.stringify(skipped) }));
  return result;
}

/** Path, size and time of each picture: one that was repaired or replaced is read again. */
async function pictureStates(examples: readonly Example[]): Promise<string[]> {
  return await Promise.all(
    examples.map(async ({ path }) => {
      const info = await stat(path).catch(() => undefined);
      return info ? `${path} ${info.size} ${info.mtimeMs}` : `${path} missing`;
    }),
  );
}

async function readCache(
  path: string,
  examples: readonly Example[],
  D: number,
): Promise<FeatureSet | undefined> {
  try {
    const file = await openSafetensors(bytesSource(await readFile(path), path));
    const features = await file.readAsF32('features');
    const used = await file.readAsI32('used');
    if (features.length !== used.length * D) return undefined;
    const skipped = JSON.parse(file.metadata.skipped ?? '[]') as string[];
    return { examples: Array.from(used, (i) => examples[i]), features, D, skipped };
  } catch {
    // Missing or damaged: it is computed anew and replaced.
    return undefined;
  }
}
