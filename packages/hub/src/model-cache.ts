// What a cache does: the Hugging Face folder in Node (node/hf-cache.ts), OPFS in browsers (opfs/opfs-cache.ts).
import type { ByteSource } from '@foreword/tensor';

/** A file that is completely there. */
export interface StoredFile {
  open(): Promise<ByteSource>;
}

/** Where a file goes. `blob` names its bytes: the hub's sha256 or git-sha1, or another name that changes with them. */
export interface BlobPlace {
  folder: string;
  commit: string;
  file: string;
  blob: string;
}

/** The bytes of a download so far; they outlive the process. */
export interface Unfinished {
  /** in bytes */
  readonly size: number;
  append(bytes: Uint8Array): Promise<void>;
  /** All bytes so far, from the first on. */
  stored(): AsyncIterable<Uint8Array>;
  /** Forgets all bytes. */
  clear(): Promise<void>;
}

export interface ModelCache {
  /** for messages: where the cache is */
  readonly place: string;
  /** The commit that a branch or tag stood for when it was last asked for. */
  readRef(folder: string, revision: string): Promise<string | undefined>;
  writeRef(folder: string, revision: string, commit: string): Promise<void>;
  find(folder: string, commit: string, file: string): Promise<StoredFile | undefined>;
  /** Whether the hub has said that this commit has no such file. */
  isMissing(folder: string, commit: string, file: string): Promise<boolean>;
  markMissing(folder: string, commit: string, file: string): Promise<void>;
  /**
   * Stores a file: `fill` gets what an earlier try left and completes it, unless the bytes are there under another
   * commit or come in meanwhile from another process. What `fill` leaves when it throws stays for the next try.
   */
  store(
    place: BlobPlace,
    fill: (unfinished: Unfinished) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void>;
  /** The folder of a commit's files, where there are folders. */
  snapshotFolder?(folder: string, commit: string): string;
}

/** Digest of bytes that come in pieces. */
export interface StreamingHash {
  update(bytes: Uint8Array): void;
  /** in lower-case hexadecimal digits */
  digest(): string;
}

export type CreateHash = (algorithm: 'sha256' | 'sha1') => StreamingHash;
