// Where bytes are read from, range by range: memory, a Blob, or (file-source.node.ts) a file on disk.

/** Random access to a fixed number of bytes. */
export interface ByteSource {
  /** for messages: a path, a URL */
  name: string;
  /** in bytes */
  size: number;
  /** The bytes from `begin` up to, not including, `end`; the caller may keep and change them. */
  read(begin: number, end: number): Promise<Uint8Array>;
  close?(): Promise<void>;
}

/** Bytes in memory; each read is a copy. */
export function bytesSource(bytes: Uint8Array, name = 'bytes'): ByteSource {
  return { name, size: bytes.byteLength, read: async (begin, end) => bytes.slice(begin, end) };
}

/** A Blob or a File from a page's file picker; nothing is read before it is asked for. */
export function blobSource(blob: Blob, name = 'name' in blob ? String(blob.name) : 'blob'): ByteSource {
  return {
    name,
    size: blob.size,
    read: async (begin, end) => new Uint8Array(await blob.slice(begin, end).arrayBuffer()),
  };
}
