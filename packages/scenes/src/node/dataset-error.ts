// The error of everything that goes wrong with the dataset on disk, in a sentence for the user.

/** Names what failed and what to do about it; `cause` holds the system's own error. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
  readonly exitCode = 1;
}

const cures: Record<string, string> = {
  ENOSPC: 'the disk is full; free some space (the full dataset takes about 60 MB) and run it again',
  EDQUOT: 'your disk quota is used up; free some space and run it again',
  EACCES: 'you may not write there; change the permissions or choose another folder',
  EPERM: 'you may not write there; change the permissions or choose another folder',
  EROFS: 'that file system is read-only; choose another folder',
  ENOTDIR: 'a part of that path is a file, not a folder; choose another folder',
};

/** Wraps an error of the file system; other errors are passed through. */
export function explainDiskError(error: unknown, dir: string): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string' || error instanceof DatasetError) return error;
  const cure = cures[code] ?? `the system reported ${code}`;
  return new DatasetError(`The scenes dataset could not be written to ${dir}: ${cure}.`, { cause: error });
}
