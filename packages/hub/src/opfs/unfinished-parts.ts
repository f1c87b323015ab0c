// A download's bytes in OPFS as numbered parts; a part counts once it is closed.
import type { Unfinished } from '../model-cache.ts';
import { explainQuota, writeFile } from './opfs-files.ts';

/** What a page that is closed in mid-download loses at most. */
const partBytes = 8 << 20;
const pieceBytes = 1 << 20;
const partName = /^part-\d{6}$/;

/** Closed parts in their order; a part that was never closed is empty and counts nothing. */
export async function readParts(folder: FileSystemDirectoryHandle): Promise<File[]> {
  const files: File[] = [];
  for (const name of await namesOf(folder)) files.push(await (await folder.getFileHandle(name)).getFile());
  return files;
}

async function namesOf(folder: FileSystemDirectoryHandle): Promise<string[]> {
  const names: string[] = [];
  for await (const name of folder.keys()) if (partName.test(name)) names.push(name);
  return names.sort();
}

export class UnfinishedParts implements Unfinished {
  size: number;
  readonly #folder: FileSystemDirectoryHandle;
  #next: number;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  private constructor(folder: FileSystemDirectoryHandle, next: number, size: number) {
    this.#folder = folder;
    this.#next = next;
    this.size = size;
  }

  static async open(folder: FileSystemDirectoryHandle): Promise<UnfinishedParts> {
    const files = await readParts(folder);
    const size = files.reduce((sum, file) => sum + file.size, 0);
    const last = files.at(-1)?.name.slice('part-'.length) ?? '-1';
    return new UnfinishedParts(folder, Number(last) + 1, size);
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    this.size += bytes.length;
    if (this.#pendingBytes >= partBytes) await explainQuota(() => this.flush());
  }

  /** Writes what is pending as a part. */
  async flush(): Promise<void> {
    if (this.#pendingBytes === 0) return;
    const part = new Blob(this.#pending as Uint8Array<ArrayBuffer>[]);
    this.#pending = [];
    this.#pendingBytes = 0;
    await writeFile(this.#folder, [`part-${String(this.#next).padStart(6, '0')}`], part);
    this.#next++;
  }

  async *stored(): AsyncGenerator<Uint8Array> {
    await this.flush();
    const all = new Blob(await readParts(this.#folder));
    for (let at = 0; at < all.size; at += pieceBytes) {
      yield new Uint8Array(await all.slice(at, at + pieceBytes).arrayBuffer());
    }
  }

  async clear(): Promise<void> {
    this.#pending = [];
    this.#pendingBytes = 0;
    for (const name of await namesOf(this.#folder)) await this.#folder.removeEntry(name);
    this.#next = 0;
    this.size = 0;
  }
}
