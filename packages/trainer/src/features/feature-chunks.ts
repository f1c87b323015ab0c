// Features of a large set, made by many processes that may die: fixed chunks of each split, a file for each, written whole
// or not at all. A process does the chunks that are its own and not there yet; merging needs every one exactly once.
//
//   DIR/features.json                          what is being computed
//   DIR/train-KEY/00000256-00000512.safetensors  examples 256 … 511 of the training split
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, makeFolder, writeFileAtomic, type Shard } from '@foreword/cli-kit';
import type { Clip } from '@foreword/clip';
import type { Dataset, Split } from '../data/dataset.ts';
import { shownPath } from '../data/repository.ts';
import { encodePictures, type EncodedPictures, type Range } from './encode-pictures.ts';
import { featureSplit } from './feature-cache.ts';
import { cachedFeatures, featureFolder, featureKey, readFeatures, writeFeatures } from './feature-file.ts';

/** features.json: all processes that fill a folder must agree in it. */
export interface ChunkPlan {
  dataset: string;
  /** SHA-256 of CLIP's weights. */
  weights: string;
  /** Numbers per feature. */
  D: number;
  /** Examples per chunk. */
  chunk: number;
  /** Examples of each split, and the key of its features. */
  splits: Partial<Record<Split, { count: number; key: string }>>;
}

export async function planChunks(
  dataset: Dataset,
  { clip, weightsHash, chunk }: { clip: Clip; weightsHash: string; chunk: number },
): Promise<ChunkPlan> {
  if (dataset.features) {
    throw new CommandError(`dataset ${dataset.name} comes with its features: there is nothing to compute`, {
      cure: 'train on it as it is',
    });
  }
  const plan: ChunkPlan = {
    dataset: dataset.name,
    weights: weightsHash,
    D: clip.config.embedDim,
    chunk,
    splits: {},
  };
  for (const split of Object.keys(dataset.splits) as Split[]) {
    const count = dataset.splits[split].length;
    if (count === 0 || featureSplit(dataset, split) !== split) continue;
    plan.splits[split] = { count, key: await featureKey(dataset, split, { weightsHash, tokens: false }) };
  }
  return plan;
}

const planFile = (dir: string): string => join(dir, 'features.json');

/**
 * Notes in the folder what is computed there.
 * @throws CommandError when something else is computed there already
 */
export async function claimFolder(dir: string, plan: ChunkPlan): Promise<void> {
  const text = `${JSON.stringify(plan, null, 2)}\n`;
  await makeFolder(dir);
  const entries = await readdir(dir);
  if (!entries.includes('features.json')) await writeFileAtomic(planFile(dir), text);
  // Read in any case: of several processes that begin together, the last one's file stays.
  const there = await readPlan(dir);
  for (const field of ['chunk', 'weights', 'D', 'splits'] as const) {
    if (JSON.stringify(there[field]) === JSON.stringify(plan[field])) continue;
    const what = { chunk: '--chunk', weights: "CLIP's weights", D: "CLIP's weights", splits: 'the dataset' }[
      field
    ];
    throw new CommandError(`${shownPath(dir)} holds features of another extraction: ${what} differs`, {
      cure: 'give the same dataset, backbone and --chunk as the other processes, or another --out',
    });
  }
}

/** @throws CommandError when the folder is none of `pnpm features` */
export async function readPlan(dir: string): Promise<ChunkPlan> {
  try {
    const plan = JSON.parse(await readFile(planFile(dir), 'utf8')) as ChunkPlan;
    if (typeof plan.splits !== 'object' || !(plan.chunk > 0))
      throw new Error('"splits" or "chunk" is missing');
    return plan;
  } catch (error) {
    throw new CommandError(`${shownPath(planFile(dir))} cannot be read: ${(error as Error).message}`, {
      cure: 'give the folder that was --out of `pnpm features`',
    });
  }
}

const chunkFolder = (dir: string, split: Split, key: string): string => join(dir, `${split}-${key}`);
const chunkName = ({ from, to }: Range): string =>
  `${[from, to].map((n) => String(n).padStart(8, '0')).join('-')}.safetensors`;

function chunksOf(count: number, chunk: number): Range[] {
  return Array.from({ length: Math.ceil(count / chunk) }, (_, i) => ({
    from: i * chunk,
    to: Math.min(count, (i + 1) * chunk),
  }));
}

export interface ChunkOptions {
  clip: Clip;
  shard: Shard;
  strict: boolean;
  signal: AbortSignal;
}

/**
 * Computes the chunks of this shard that are not there yet. Chunks go round the shards, and the cut into chunks does not
 * depend on how many shards there are: an extraction may go on with another number of them.
 * @returns pictures encoded now, pictures of this shard that were there, and what was skipped now
 */
export async function computeChunks(
  dir: string,
  plan: ChunkPlan,
  dataset: Dataset,
  { clip, shard, strict, signal }: ChunkOptions,
): Promise<{ encoded: number; found: number; skipped: string[] }> {
  const sum = { encoded: 0, found: 0, skipped: [] as string[] };
  for (const [split, { count, key }] of Object.entries(plan.splits) as [
    Split,
    { count: number; key: string },
  ][]) {
    const folder = chunkFolder(dir, split, key);
    await makeFolder(folder);
    const own = chunksOf(count, plan.chunk).filter((_, i) => i % shard.count === shard.index);
    const open: Range[] = [];
    for (const range of own) {
      if (await readChunk(folder, range, plan.D)) sum.found += range.to - range.from;
      else open.push(range);
    }
    if (open.length === 0) continue;
    const label = `CLIP features ${split}`;
    await encodePictures(
      dataset.splits[split],
      open,
      { clip, tokens: false, label, strict, signal },
      async (range, encoded) => {
        await writeFeatures(join(folder, chunkName(range)), encoded, plan.D);
        sum.encoded += encoded.used.length;
        sum.skipped.push(...encoded.skipped);
      },
    );
  }
  return sum;
}

/** undefined when the chunk is missing or damaged, or holds other examples than its name says. */
async function readChunk(folder: string, range: Range, D: number): Promise<EncodedPictures | undefined> {
  const found = await readFeatures(join(folder, chunkName(range)), D);
  const fits = found?.used.every((i) => i >= range.from && i < range.to);
  const whole = found && found.used.length + found.skipped.length === range.to - range.from;
  return fits && whole ? found : undefined;
}

export interface MergedSplit {
  split: Split;
  path: string;
  pictures: number;
  skipped: string[];
}

/**
 * Joins the chunks of every split and puts them where training looks for features.
 * @throws CommandError naming the chunks that are missing
 */
export async function mergeChunks(dir: string): Promise<MergedSplit[]> {
  const plan = await readPlan(dir);
  const splits = Object.entries(plan.splits) as [Split, { count: number; key: string }][];
  const merged: MergedSplit[] = [];
  await makeFolder(featureFolder());
  for (const [split, { count, key }] of splits) {
    const folder = chunkFolder(dir, split, key);
    const ranges = chunksOf(count, plan.chunk);
    const used: number[] = [];
    const skipped: string[] = [];
    const missing: string[] = [];
    const features = new Float32Array(count * plan.D);
    for (const range of ranges) {
      const part = await readChunk(folder, range, plan.D);
      if (part) {
        features.set(part.features, used.length * plan.D);
        used.push(...part.used);
        skipped.push(...part.skipped);
      } else missing.push(`${range.from}–${range.to - 1}`);
    }
    if (missing.length > 0) {
      const some = missing.slice(0, 5).join(', ') + (missing.length > 5 ? ', …' : '');
      throw new CommandError(
        `${missing.length} of ${ranges.length} chunks of the ${split} split are missing or damaged: pictures ${some}`,
        {
          cure: 'run the same `pnpm features` again, with any number of shards: it computes what is missing',
        },
      );
    }
    const path = cachedFeatures(split, key);
    await writeFeatures(path, { used, features: features.slice(0, used.length * plan.D), skipped }, plan.D);
    merged.push({ split, path, pictures: used.length, skipped });
  }
  return merged;
}
