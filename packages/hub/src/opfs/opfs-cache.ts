// A browser's cache in the origin private file system (OPFS), laid out much like Hugging Face's folder.
//
// A file there is written through a copy that takes its place when it is closed, so a page that is closed in between
// would lose all of a long download. A blob is therefore a folder of parts, each closed when it is full; a file `done`
// makes it complete, and a Blob of all parts reads as one without a copy.
import { blobSource } from '@foreword/tensor';
import type { BlobPlace, ModelCache, StoredFile, Unfinished } from '../model-cache.ts';
import { isCommit } from '../model-name.ts';
import { explainQuota, findFile, findFolder, makeFolder, writeFile } from './opfs-files.ts';
import { readParts, UnfinishedParts } from './unfinished-parts.ts';

export class OpfsCache implements ModelCache {
  readonly place: string;
  readonly #root: FileSystemDirectoryHandle;

  /** Use `OpfsCache.open`. */
  private constructor(root: FileSystemDirectoryHandle, place: string) {
    this.#root = root;
    this.place = place;
  }

  /** The cache in the folder `name` of this origin. */
  static async open(name: string): Promise<OpfsCache> {
    const top = await navigator.storage.getDirectory();
    return new OpfsCache(
      await makeFolder(top, ['foreword', name]),
      `OPFS of ${location.origin}, foreword/${name}`,
    );
  }

  async readRef(folder: string, revision: string): Promise<string | undefined> {
    const file = await findFile(this.#root, [folder, 'refs', nameOf(revision)]);
    const commit = (await file?.text()) ?? '';
    return isCommit(commit) ? commit : undefined;
  }

  async writeRef(folder: string, revision: string, commit: string): Promise<void> {
    if (revision !== commit) await writeFile(this.#root, [folder, 'refs', nameOf(revision)], commit);
  }

  async find(folder: string, commit: string, file: string): Promise<StoredFile | undefined> {
    const blob = await (await findFile(this.#root, [folder, 'snapshots', commit, nameOf(file)]))?.text();
    const parts = blob && (await this.#finished(folder, blob));
    if (!parts) return undefined;
    return { open: async () => blobSource(new Blob(parts), `${folder}/${file}`) };
  }

  async isMissing(folder: string, commit: string, file: string): Promise<boolean> {
    return (await findFile(this.#root, [folder, 'no_exist', commit, nameOf(file)])) !== undefined;
  }

  async markMissing(folder: string, commit: string, file: string): Promise<void> {
    await writeFile(this.#root, [folder, 'no_exist', commit, nameOf(file)], '');
  }

  async store(
    { folder, commit, file, blob }: BlobPlace,
    fill: (unfinished: Unfinished) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    const lock = `foreword ${this.place} ${folder} ${blob}`;
    await navigator.locks.request(lock, { signal }, async () => {
      if ((await this.#finished(folder, blob)) === undefined) await this.#complete(folder, blob, fill);
      await writeFile(this.#root, [folder, 'snapshots', commit, nameOf(file)], blob);
    });
  }

  async #complete(
    folder: string,
    blob: string,
    fill: (unfinished: Unfinished) => Promise<void>,
  ): Promise<void> {
    const parts = await makeFolder(this.#root, [folder, 'blobs', blob]);
    const unfinished = await UnfinishedParts.open(parts);
    try {
      await fill(unfinished);
    } finally {
      await explainQuota(() => unfinished.flush());
    }
    await writeFile(parts, ['done'], JSON.stringify({ size: unfinished.size }));
  }

  /** The parts of a complete blob. */
  async #finished(folder: string, blob: string): Promise<File[] | undefined> {
    const parts = await findFolder(this.#root, [folder, 'blobs', blob]);
    const done = parts && (await findFile(parts, ['done']));
    if (!parts || !done) return undefined;
    const { size } = JSON.parse((await done.text()) || '{}') as { size?: number };
    const files = await readParts(parts);
    const total = files.reduce((sum, part) => sum + part.size, 0);
    return total === size ? files : undefined;
  }
}

/** One name for a path: OPFS names hold no slash. */
function nameOf(path: string): string {
  return encodeURIComponent(path);
}
