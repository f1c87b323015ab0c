// CLIP features of a dataset, computed once and kept on disk by what they depend on.
//
// Legend: N pictures, D feature size.
import { CommandError, makeFolder } from '@foreword/cli-kit';
import { imageTokenCount, type Clip } from '@foreword/clip';
import type { Dataset, Example, Split } from '../data/dataset.ts';
import { encodePictures, type EncodedPictures } from './encode-pictures.ts';
import { cachedFeatures, featureFolder, featureKey, readFeatures, writeFeatures } from './feature-file.ts';

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

/** A test split that is the val split under another name has its features too. */
export const featureSplit = ({ splits }: Dataset, split: Split): Split =>
  split === 'test' && splits.test === splits.val ? 'val' : split;

/** Features of one split: those that come with the data, from the cache (`pnpm features` fills it too), or computed now. */
export async function splitFeatures(
  dataset: Dataset,
  asked: Split,
  { clip, weightsHash, tokens, strict, signal }: FeatureOptions,
): Promise<FeatureSet> {
  const split = featureSplit(dataset, asked);
  const examples = dataset.splits[split];
  if (dataset.features) {
    if (tokens)
      throw new CommandError('patch tokens are computed from pictures, and this dataset has features alone', {
        cure: 'leave out --visual patches, or give the pictures',
      });
    const features = (await dataset.features.read())[split];
    return { examples, features, D: dataset.features.D, skipped: [] };
  }
  const D = clip.config.embedDim * (tokens ? imageTokenCount(clip.config) : 1);
  const path = cachedFeatures(split, await featureKey(dataset, split, { weightsHash, tokens }));
  const asSet = ({ used, features, skipped }: EncodedPictures): FeatureSet => ({
    examples: used.map((i) => examples[i]),
    features,
    D,
    skipped,
  });
  const cached = await readFeatures(path, D);
  if (cached && !(strict && cached.skipped.length > 0)) return asSet(cached);
  await makeFolder(featureFolder());
  let result: EncodedPictures = { used: [], features: new Float32Array(), skipped: [] };
  const label = `CLIP features ${split}`;
  const whole = [{ from: 0, to: examples.length }];
  await encodePictures(examples, whole, { clip, tokens, label, strict, signal }, (_, encoded) => {
    result = encoded;
  });
  await writeFeatures(path, result, D);
  return asSet(result);
}
