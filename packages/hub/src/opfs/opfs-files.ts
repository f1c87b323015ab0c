// Files and folders of OPFS by path.
import { HubError } from '../hub-error.ts';

export async function makeFolder(
  root: FileSystemDirectoryHandle,
  path: readonly string[],
): Promise<FileSystemDirectoryHandle> {
  let folder = root;
  for (const name of path) folder = await folder.getDirectoryHandle(name, { create: true });
  return folder;
}

export async function findFolder(
  root: FileSystemDirectoryHandle,
  path: readonly string[],
): Promise<FileSystemDirectoryHandle | undefined> {
  let folder = root;
  try {
    for (const name of path) folder = await folder.getDirectoryHandle(name);
    return folder;
  } catch (error) {
    return undefinedIfAbsent(error);
  }
}

export async function findFile(
  root: FileSystemDirectoryHandle,
  path: readonly string[],
): Promise<File | undefined> {
  const folder = await findFolder(root, path.slice(0, -1));
  try {
    return await (await folder?.getFileHandle(path.at(-1) ?? ''))?.getFile();
  } catch (error) {
    return undefinedIfAbsent(error);
  }
}

/** The file appears when it is whole. */
export async function writeFile(
  root: FileSystemDirectoryHandle,
  path: readonly string[],
  data: string | Blob | Uint8Array<ArrayBuffer>,
): Promise<void> {
  await explainQuota(async () => {
    const folder = await makeFolder(root, path.slice(0, -1));
    const file = await folder.getFileHandle(path.at(-1) ?? '', { create: true });
    const writable = await file.createWritable();
    await writable.write(data);
    await writable.close();
  });
}

export async function explainQuota<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if ((error as DOMException).name !== 'QuotaExceededError') throw error;
    throw new HubError('the browser gives this site no more space for files', {
      code: 'disk',
      cure: 'free some disk space, or remove data of this site; what has come is kept',
      cause: error,
    });
  }
}

function undefinedIfAbsent(error: unknown): undefined {
  const { name } = error as DOMException;
  if (name === 'NotFoundError' || name === 'TypeMismatchError') return undefined;
  throw error;
}
