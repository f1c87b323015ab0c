// Python's Hugging Face cache: `models--org--name/{refs,blobs,snapshots}`, read and written as huggingface_hub does.
//   https://huggingface.co/docs/hub/local-cache
import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileSource } from '@foreword/tensor/node';
import { HubError } from '../hub-error.ts';
import type { BlobPlace, ModelCache, StoredFile, Unfinished } from '../model-cache.ts';
import { isCommit } from '../model-name.ts';
import { withFileLock } from './file-lock.ts';
import { UnfinishedFile } from './unfinished-file.ts';

export interface HfCacheOptions {
  /** Copies files into snapshots, as where the file system refuses links. */
  disableSymlinks?: boolean;
  /** Replaces `fs.symlink`, so that tests can refuse. */
  link?: (target: string, path: string) => Promise<void>;
}

export class HfCache implements ModelCache {
  readonly place: string;
  readonly #disableSymlinks: boolean;
  readonly #link: (target: string, path: string) => Promise<void>;

  constructor(place: string, { disableSymlinks = false, link = symlink }: HfCacheOptions = {}) {
    this.place = place;
    this.#disableSymlinks = disableSymlinks;
    this.#link = link;
  }

  snapshotFolder(folder: string, commit: string): string {
    return join(this.place, folder, 'snapshots', commit);
  }

  async readRef(folder: string, revision: string): Promise<string | undefined> {
    const text = await readFile(join(this.place, folder, 'refs', revision), 'utf8').catch(() => '');
    return isCommit(text.trim()) ? text.trim() : undefined;
  }

  async writeRef(folder: string, revision: string, commit: string): Promise<void> {
    if (revision === commit || (await this.readRef(folder, revision)) === commit) return;
    await this.#write(join(this.place, folder, 'refs', revision), commit);
  }

  async find(folder: string, commit: string, file: string): Promise<StoredFile | undefined> {
    return storedFile(join(this.snapshotFolder(folder, commit), file));
  }

  async isMissing(folder: string, commit: string, file: string): Promise<boolean> {
    return isFile(join(this.place, folder, '.no_exist', commit, file));
  }

  async markMissing(folder: string, commit: string, file: string): Promise<void> {
    await this.#write(join(this.place, folder, '.no_exist', commit, file), '');
  }

  async store(
    place: BlobPlace,
    fill: (unfinished: Unfinished) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    const { folder, commit, file, blob } = place;
    if (!/^[0-9a-f]{40,64}$/.test(blob)) throw new TypeError(`${blob} is no hash`);
    const blobPath = join(this.place, folder, 'blobs', blob);
    const pointer = join(this.snapshotFolder(folder, commit), file);
    const lock = join(this.place, '.locks', folder, `${blob}.foreword.lock`);
    await this.#explained(blobPath, async () => {
      for (const path of [blobPath, pointer, lock]) await mkdir(dirname(path), { recursive: true });
      await withFileLock(
        lock,
        async () => {
          if (await isFile(pointer)) return;
          const isNew = !(await isFile(blobPath));
          if (isNew) await this.#complete(blobPath, fill);
          await this.#point(pointer, blobPath, isNew);
        },
        { signal },
      );
    });
  }

  async #complete(blobPath: string, fill: (unfinished: Unfinished) => Promise<void>): Promise<void> {
    const path = `${blobPath}.incomplete`;
    const unfinished = await UnfinishedFile.open(path);
    let isComplete = false;
    try {
      await fill(unfinished);
      await unfinished.sync();
      isComplete = true;
    } finally {
      await unfinished.close();
      if (!isComplete && unfinished.size === 0) await rm(path, { force: true });
    }
    await rename(path, blobPath);
  }

  /** Makes `pointer` mean the blob: a relative link, or the file itself where links are refused. */
  async #point(pointer: string, blobPath: string, isNew: boolean): Promise<void> {
    const aside = `${pointer}.${randomUUID()}.tmp`;
    if (!this.#disableSymlinks) {
      try {
        await this.#link(relative(dirname(pointer), blobPath), aside);
        return await rename(aside, pointer);
      } catch {
        // Windows without developer mode, FAT, some network drives.
        await rm(aside, { force: true });
      }
    }
    // As huggingface_hub does: a blob that no other snapshot can mean moves, so that the bytes are there once.
    if (isNew) return await rename(blobPath, pointer);
    await copyFile(blobPath, aside);
    await rename(aside, pointer);
  }

  async #write(path: string, text: string): Promise<void> {
    await this.#explained(path, async () => {
      await mkdir(dirname(path), { recursive: true });
      const aside = `${path}.${randomUUID()}.tmp`;
      await writeFile(aside, text);
      await rename(aside, path);
    });
  }

  async #explained(path: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      const { code, syscall } = error as NodeJS.ErrnoException;
      if (code === undefined || syscall === undefined || error instanceof HubError) throw error;
      const isFull = code === 'ENOSPC' || code === 'EDQUOT';
      throw new HubError(`the cache cannot write ${path}: ${isFull ? 'the disk is full' : code}`, {
        code: 'disk',
        cure: `${isFull ? 'free some space' : 'make the folder writable'}, or set HF_HOME to another folder; what has come is kept`,
        cause: error,
      });
    }
  }
}

async function isFile(path: string): Promise<boolean> {
  const state = await stat(path).catch(() => undefined);
  return state?.isFile() === true;
}

/** The file at `path`, links followed; undefined when there is none. */
export async function storedFile(path: string): Promise<StoredFile | undefined> {
  return (await isFile(path)) ? { open: () => fileSource(path) } : undefined;
}
