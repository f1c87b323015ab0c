// What the cache holds: every repository of Python's Hugging Face cache, and files that came from URLs.
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readEnvironment } from './environment.ts';

export interface CachedModel {
  /** `gpt2`, `openai/clip-vit-base-patch32`; for a URL the name of its file. */
  name: string;
  kind: 'repository' | 'url';
  /** Files that are complete, of all commits. */
  files: string[];
  /** What lies on the disk, unfinished downloads included. */
  sizeBytes: number;
  /** Of downloads that were cut and will be resumed. */
  unfinishedBytes: number;
  folder: string;
}

export interface ListCacheOptions {
  /** The folder with `models--…` folders; default `HF_HUB_CACHE`, else `hub` in `HF_HOME`. */
  cacheFolder?: string;
}

/** All models in the cache, by name; none when there is no cache yet. */
export async function listCache({ cacheFolder }: ListCacheOptions = {}): Promise<CachedModel[]> {
  const { hubCache, assetsCache } = readEnvironment();
  const repositories = await foldersIn(cacheFolder ?? hubCache, 'models--');
  const urls = await foldersIn(join(assetsCache, 'foreword', 'urls'), 'url--');
  const found = await Promise.all([
    ...repositories.map(async ({ rest, path }) => {
      const about = await measure(path);
      return { name: rest.replaceAll('--', '/'), kind: 'repository' as const, ...about, folder: path };
    }),
    ...urls.map(async ({ rest, path }) => {
      const about = await measure(path);
      return { name: about.files[0] ?? rest, kind: 'url' as const, ...about, folder: path };
    }),
  ]);
  return found.sort((a, b) => (a.kind === b.kind ? (a.name < b.name ? -1 : 1) : a.kind < b.kind ? -1 : 1));
}

async function foldersIn(parent: string, prefix: string): Promise<{ rest: string; path: string }[]> {
  const names = await readdir(parent).catch(() => []);
  return names
    .filter((name) => name.startsWith(prefix))
    .map((name) => ({ rest: name.slice(prefix.length), path: join(parent, name) }));
}

async function measure(
  folder: string,
): Promise<Pick<CachedModel, 'files' | 'sizeBytes' | 'unfinishedBytes'>> {
  const files = new Set<string>();
  let sizeBytes = 0;
  let unfinishedBytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    const [part, , ...inside] = path.slice(folder.length + 1).split(/[\\/]/);
    if (part === 'snapshots') files.add(inside.join('/'));
    // Links into `blobs` have no size of their own worth counting.
    const size = entry.isFile() ? ((await lstat(path).catch(() => undefined))?.size ?? 0) : 0;
    sizeBytes += size;
    if (part === 'blobs' && entry.name.endsWith('.incomplete')) unfinishedBytes += size;
  }
  return { files: [...files].sort(), sizeBytes, unfinishedBytes };
}
