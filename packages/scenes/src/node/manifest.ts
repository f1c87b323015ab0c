// The manifest of a generated dataset, and whether what lies on disk is complete.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SplitName } from '../scene.ts';

/** Raised whenever the same seed would give other pictures or captions than before. */
export const generatorVersion = 2;

export const splitNames: readonly SplitName[] = ['train', 'val', 'test'];

/** Number of pictures per split. */
export type SceneCounts = Readonly<Record<SplitName, number>>;

export interface ScenesManifest {
  readonly generator: '@foreword/scenes';
  readonly version: number;
  readonly seed: number;
  readonly counts: SceneCounts;
  /** SHA-256 over the names and bytes of all other files, in the order they were written. */
  readonly digest: string;
}

/** The annotation file of each split, inside the dataset's folder. */
export function annotationPaths(dir: string): Record<SplitName, string> {
  const path = (split: SplitName) => join(dir, 'annotations', `captions_${split}.json`);
  return { train: path('train'), val: path('val'), test: path('test') };
}

/** Reads the manifest; null when there is none or it is not one of ours. */
export async function readManifest(dir: string): Promise<ScenesManifest | null> {
  try {
    const manifest = JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')) as ScenesManifest;
    return manifest.generator === '@foreword/scenes' ? manifest : null;
  } catch {
    return null;
  }
}

/** Whether the folder holds exactly what was asked for, with no picture or annotation file missing. */
export async function isComplete(
  dir: string,
  wanted: { seed: number; counts: SceneCounts },
): Promise<boolean> {
  const manifest = await readManifest(dir);
  if (!manifest || manifest.version !== generatorVersion || manifest.seed !== wanted.seed) return false;
  if (splitNames.some((split) => manifest.counts[split] !== wanted.counts[split])) return false;
  try {
    const annotations = await readdir(join(dir, 'annotations'));
    for (const split of splitNames) {
      const pictures = await readdir(join(dir, split));
      if (pictures.length !== wanted.counts[split]) return false;
      if (!annotations.includes(`captions_${split}.json`)) return false;
    }
    return true;
  } catch {
    return false;
  }
}
