// Node only: bytes of a file on disk, range by range, and safetensors opened by path.
import { open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ByteSource } from './byte-source.ts';
import { openSafetensors, type TensorFile } from './read.ts';
import { openShardedSafetensors } from './sharded.ts';

/** The bytes of a file. It stays open until `close()`. */
export async function fileSource(path: string): Promise<ByteSource & { close(): Promise<void> }> {
  const handle = await open(path, 'r');
  const { size } = await handle.stat();
  return {
    name: path,
    size,
    async read(begin, end) {
      const bytes = new Uint8Array(Math.max(0, end - begin));
      let filled = 0;
      // One read may return less than asked, and never more than 2 GiB.
      while (filled < bytes.length) {
        const length = Math.min(bytes.length - filled, 2 ** 30);
        const { bytesRead } = await handle.read(bytes, filled, length, begin + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    },
    close: () => handle.close(),
  };
}

/**
 * Opens `x.safetensors`, or all shards of `x.safetensors.index.json`.
 * @throws {SafetensorsError} when a file is malformed; Node's own error when it cannot be read
 */
export async function openSafetensorsPath(path: string): Promise<TensorFile> {
  if (!path.endsWith('.json')) return openSafetensors(await fileSource(path));
  const index = await readFile(path, 'utf8');
  return openShardedSafetensors(index, (file) => fileSource(join(dirname(path), file)), { name: path });
}
