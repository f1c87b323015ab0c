// Makes sure the dataset lies on disk: generates it once, whole or not at all.
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { SplitName } from '../scene.ts';
import { DatasetError, explainDiskError } from './dataset-error.ts';
import { annotationPaths, isComplete, readManifest, type SceneCounts, splitNames } from './manifest.ts';
import { writeDataset, type WriteOptions } from './write-dataset.ts';

export interface EnsureScenesOptions {
  /** The folder that gets the `data` folder: `datasets/scenes` of the repository. */
  readonly root: string;
  /** A whole number from 0. Default 1. */
  readonly seed?: number;
  /** Pictures per split. Default `defaultCounts`. */
  readonly counts?: Partial<SceneCounts>;
  readonly onProgress?: WriteOptions['onProgress'];
  /** Aborting removes what was written and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface ScenesLocation {
  /** The dataset: `<root>/data`, with a folder of pictures per split. */
  readonly dir: string;
  /** The COCO caption file of each split. */
  readonly annotations: Readonly<Record<SplitName, string>>;
  /** Whether this call generated it. */
  readonly generated: boolean;
}

export const defaultCounts: SceneCounts = { train: 12_000, val: 500, test: 500 };
export const defaultSeed = 1;

let attempts = 0;

/**
 * Returns where the dataset lies, after generating it if it is missing, incomplete, or was made by
 * another version, seed or counts. It is written to a temporary folder beside and renamed, so that an
 * interrupted or failed run leaves nothing half-written.
 *
 * @throws {DatasetError} when the options make no sense, the disk refuses, or `<root>/data` holds
 *   something that this generator did not make.
 */
export async function ensureScenes(options: EnsureScenesOptions): Promise<ScenesLocation> {
  return ensureScenesWith(options, {});
}

/** `ensureScenes` with another way to write files, for tests. */
export async function ensureScenesWith(
  options: EnsureScenesOptions,
  seam: Pick<WriteOptions, 'write'>,
): Promise<ScenesLocation> {
  const { seed = defaultSeed, onProgress, signal } = options;
  const counts = { ...defaultCounts, ...definedOnly(options.counts) };
  checkNumbers(seed, counts);
  signal?.throwIfAborted();
  const root = resolve(options.root);
  const dir = join(root, 'data');
  const location = { dir, annotations: annotationPaths(dir) };
  if (await isComplete(dir, { seed, counts })) return { ...location, generated: false };
  await refuseForeign(dir);
  const temporary = join(root, `data.${process.pid}.${attempts++}.tmp`);
  try {
    await mkdir(root, { recursive: true });
    await removeAbandoned(root);
    await mkdir(temporary);
    await writeDataset(temporary, { seed, counts, onProgress, signal, ...seam });
    signal?.throwIfAborted();
    const generated = await moveIntoPlace(temporary, dir, () => isComplete(dir, { seed, counts }));
    return { ...location, generated };
  } catch (error) {
    throw explainDiskError(error, dir);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function definedOnly(counts: Partial<SceneCounts> = {}): Partial<SceneCounts> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== undefined));
}

function checkNumbers(seed: number, counts: SceneCounts): void {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new DatasetError(`The seed of the scenes dataset must be a whole number from 0, but is ${seed}.`);
  }
  for (const split of splitNames) {
    const count = counts[split];
    if (!Number.isInteger(count) || count < 0 || count > 999_999) {
      throw new DatasetError(
        `The number of ${split} pictures must be a whole number from 0 to 999999, but is ${count}.`,
      );
    }
  }
}

/** Only folders this generator made, and empty ones, may be replaced. */
async function refuseForeign(dir: string): Promise<void> {
  let entries: string[];
  try {
    entries = await readdir(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw explainDiskError(error, dir);
  }
  if (entries.length > 0 && !(await readManifest(dir))) {
    throw new DatasetError(
      `${dir} holds files that the scenes generator did not make (no manifest.json of its own). ` +
        'Move them away, or delete the folder, and run it again.',
    );
  }
}

/** Removes temporary folders of processes that no longer run. */
async function removeAbandoned(root: string): Promise<void> {
  for (const entry of await readdir(root)) {
    const pid = Number(/^data\.(\d+)\.\d+\.tmp$/.exec(entry)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid) || pid === process.pid || isRunning(pid)) continue;
    await rm(join(root, entry), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, but belongs to somebody else.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Renames the new dataset to its place; false when another process was faster with the same one. */
async function moveIntoPlace(
  temporary: string,
  dir: string,
  complete: () => Promise<boolean>,
): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    try {
      // Succeeds only where nothing or an empty folder stands: what another run put there stays.
      await rename(temporary, dir);
      return true;
    } catch (error) {
      if (attempt === 3 || !existsSync(dir)) throw error;
    }
    if (await complete()) return false;
    const old = `${dir}.${process.pid}.${attempts++}.tmp`;
    try {
      await rename(dir, old);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    await rm(old, { recursive: true, force: true });
  }
}
