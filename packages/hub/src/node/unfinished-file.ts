// A download's bytes in a file `<blob>.incomplete`, written in place so that a killed process loses none of them.
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { Unfinished } from '../model-cache.ts';

const pieceBytes = 1 << 20;

export class UnfinishedFile implements Unfinished {
  size: number;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.size = size;
  }

  /** Opens what an earlier try left, or begins. */
  static async open(path: string): Promise<UnfinishedFile> {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
    return new UnfinishedFile(handle, (await handle.stat()).size);
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, this.size);
      done += bytesWritten;
      this.size += bytesWritten;
    }
  }

  async *stored(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < this.size;) {
      const piece = new Uint8Array(Math.min(pieceBytes, this.size - at));
      const { bytesRead } = await this.#handle.read(piece, 0, piece.length, at);
      if (bytesRead === 0) return;
      yield piece.subarray(0, bytesRead);
      at += bytesRead;
    }
  }

  async clear(): Promise<void> {
    await this.#handle.truncate(0);
    this.size = 0;
  }

  /** To the disk, so that a power cut after the renaming cannot leave a hole. */
  async sync(): Promise<void> {
    await this.#handle.sync();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
