// Writes the whole dataset into an empty folder: pictures, COCO caption files, manifest.
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  annotationPaths,
  generatorVersion,
  type SceneCounts,
  type ScenesManifest,
  splitNames,
} from './manifest.ts';
import { makeSceneRecord, type SceneAnnotation, type SceneImage } from './scene-record.ts';

export interface WriteOptions {
  readonly seed: number;
  readonly counts: SceneCounts;
  /** Called after every few pictures. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  readonly signal?: AbortSignal;
  /** Writes one file; tests replace it to play a full disk. */
  readonly write?: (path: string, data: Uint8Array | string) => Promise<void>;
}

/** Pictures written at the same time. */
const batch = 25;

/** Fills `dir`, which must exist and be empty, and returns the manifest, which is written last. */
export async function writeDataset(dir: string, options: WriteOptions): Promise<ScenesManifest> {
  const { seed, counts, onProgress, signal, write = (path, data) => writeFile(path, data) } = options;
  const total = splitNames.reduce((sum, split) => sum + counts[split], 0);
  const paths = annotationPaths(dir);
  const hash = createHash('sha256');
  let done = 0;
  await mkdir(join(dir, 'annotations'));
  for (const split of splitNames) {
    await mkdir(join(dir, split));
    const images: SceneImage[] = [];
    const annotations: SceneAnnotation[] = [];
    for (let start = 0; start < counts[split]; start += batch) {
      signal?.throwIfAborted();
      const end = Math.min(start + batch, counts[split]);
      const writes: Promise<void>[] = [];
      for (let index = start; index < end; index++) {
        const record = makeSceneRecord(seed, split, index);
        images.push(record.image);
        annotations.push(...record.annotations);
        hash.update(`${split}/${record.image.file_name}\n`).update(record.bytes);
        writes.push(write(join(dir, split, record.image.file_name), record.bytes));
      }
      // Every write must have ended before an error leaves: the caller removes the folder.
      const failed = (await Promise.allSettled(writes)).find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
      done += end - start;
      onProgress?.({ done, total });
    }
    const text = captionFile(seed, split, images, annotations);
    hash.update(`${split}\n`).update(text);
    await write(paths[split], text);
  }
  const manifest: ScenesManifest = {
    generator: '@foreword/scenes',
    version: generatorVersion,
    seed,
    counts,
    digest: hash.digest('hex'),
  };
  await write(join(dir, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** COCO's JSON with one entry per line, so that the file can be read and searched. */
function captionFile(
  seed: number,
  split: string,
  images: readonly SceneImage[],
  annotations: readonly SceneAnnotation[],
): string {
  const info = {
    description: `Foreword scenes, ${split} split: drawn pictures with five captions each`,
    version: String(generatorVersion),
    seed,
  };
  const licenses = [{ id: 1, name: 'MIT', url: 'https://opensource.org/license/mit' }];
  const lines = (entries: readonly object[]) =>
    entries.length === 0 ? '[]' : `[\n${entries.map((entry) => JSON.stringify(entry)).join(',\n')}\n]`;
  return (
    `{\n"info": ${JSON.stringify(info)},\n"licenses": ${JSON.stringify(licenses)},\n` +
    `"images": ${lines(images)},\n"annotations": ${lines(annotations)}\n}\n`
  );
}
