// Where a model's files come from: a repository of the hub (repository-source.ts) or one URL (url-source.ts).
import type { HubError } from './hub-error.ts';

/** What the server says about a file before it is fetched. */
export interface FileFacts {
  /** Names this state of the whole source; 40 hexadecimal digits. */
  commit: string;
  /** Names the file's bytes in the cache. */
  blob: string;
  /** in bytes, where known */
  size?: number;
  /** What the bytes must hash to, where the server tells. */
  check?: { algorithm: 'sha256' | 'git-sha1'; hex: string };
  /** What Range requests are conditional on, where the URL does not fix the bytes. */
  ifRange?: string;
  /** Whether bytes of an earlier try may be kept. */
  resumes: boolean;
}

/** The source has no such file; `commit` where the server told it nevertheless. */
export interface MissingFile {
  commit?: string;
  missing: HubError;
}

export interface Source {
  /** for messages: `gpt2`, or the URL */
  name: string;
  /** The cache's folder for it. */
  folder: string;
  /** The branch, tag or commit that was asked for. */
  revision: string;
  /** The page that tells about it. */
  page?: string;
  /** Asks the server about a file; `commit` holds the files of one model together once it is known. */
  look(file: string, commit?: string): Promise<FileFacts | MissingFile>;
  urlOf(file: string, commit: string): string;
}
