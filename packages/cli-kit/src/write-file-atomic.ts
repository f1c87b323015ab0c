// Writes a file so that a reader sees the old one or the whole new one, never a part.
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CommandError } from './command-error.ts';

/** A file could not be written; the message names path and cause, the cure what to do. */
export class FileWriteError extends CommandError {
  override readonly name = 'FileWriteError';
}

/** Bytes, text, or pieces of bytes for files too large to hold twice. */
export type FileData = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Files being written now; a process that is ended meanwhile takes them with it. */
const unfinished = new Set<string>();
let watchesExit = false;

function removeOnExit(temporary: string): void {
  unfinished.add(temporary);
  if (watchesExit) return;
  watchesExit = true;
  process.on('exit', () => {
    for (const path of unfinished) rmSync(path, { force: true });
  });
}

/**
 * Writes `data` to a temporary name in the folder of `path`, flushes it to the disk and renames it. When
 * anything fails, or the process exits meanwhile, the temporary file is removed and an existing file at `path` is
 * untouched.
 *
 * @param openFile replaces `fs.open`, so that tests can fill the disk
 * @throws FileWriteError for a full disk, missing folder, missing permission and other file errors
 */
export async function writeFileAtomic(
  path: string,
  data: FileData,
  openFile: (path: string, flags: string) => Promise<FileHandle> = open,
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
  removeOnExit(temporary);
  try {
    const file = await openFile(temporary, 'wx');
    try {
      if (typeof data === 'string' || data instanceof Uint8Array) await file.writeFile(data);
      else for await (const piece of data) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw explain(path, error);
  } finally {
    unfinished.delete(temporary);
  }
  await syncFolder(folder);
}

/** Removes what processes that are no more left in `folder`: they were killed in the middle of `writeFileAtomic`. */
export async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch((): string[] => [])) {
    const [, pid] = /^\..+\.(\d+)-[0-9a-f]{8}\.tmp$/.exec(name) ?? [];
    const path = join(folder, name);
    // In a container a new process often has the number of the one that was killed.
    if (pid === undefined || (Number(pid) === process.pid ? unfinished.has(path) : isRunning(Number(pid))))
      continue;
    await rm(path, { force: true }).catch(() => {});
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/**
 * Makes a folder, and those above it, where they are missing; returns those that it made, the outermost first.
 *
 * @throws FileWriteError for a full disk, missing permission and other file errors
 */
export async function makeFolder(path: string): Promise<string[]> {
  try {
    return await makeMissing(path);
  } catch (error) {
    throw explain(path, error, 'make the folder');
  }
}

// `mkdir` with `recursive` never returns below /proc, and calls a read-only file system a missing folder.
async function makeMissing(path: string): Promise<string[]> {
  const parent = dirname(path);
  const above =
    parent === path || (await stat(parent).catch(() => undefined)) ? [] : await makeMissing(parent);
  try {
    await mkdir(path);
    return [...above, path];
  } catch (error) {
    if ((await stat(path).catch(() => undefined))?.isDirectory()) return above;
    throw error;
  }
}

/**
 * Finds out whether files can be written in a folder, before long work; leaves nothing behind.
 *
 * @throws FileWriteError naming the cause
 */
export async function assertWritable(folder: string): Promise<void> {
  const made = await makeFolder(folder);
  try {
    const probe = join(folder, `.probe.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
    await (await open(probe, 'wx')).close();
    await rm(probe);
  } catch (error) {
    throw explain(folder, error, 'write to the folder');
  } finally {
    // Not what others have put something into meanwhile.
    for (const path of made.reverse()) await rmdir(path).catch(() => {});
  }
}

// Without this a power cut can undo the rename. Windows cannot open folders, some file systems cannot sync
// them; the file itself is complete either way.
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // See above.
  }
}

const explanations: Record<string, readonly [problem: string, cure: string]> = {
  ENOSPC: ['the disk is full', 'free some space or write to another folder'],
  EDQUOT: ['your disk quota is used up', 'free some space or write to another folder'],
  EFBIG: ['the file is larger than the file system or a limit (ulimit -f) allows', 'write to another folder'],
  EACCES: ['permission denied', 'make the folder writable or write to another one'],
  EPERM: ['not permitted', 'make the folder writable or write to another one'],
  EROFS: ['the file system is read-only', 'write to another folder'],
  ENOENT: ['its folder does not exist', 'create the folder or correct the path'],
  ENOTDIR: ['a part of its path is a file, not a folder', 'correct the path'],
  EEXIST: ['there is a file of this name', 'choose another name'],
  EISDIR: ['there is a folder of this name', 'choose another name'],
  ENAMETOOLONG: ['the name is too long', 'choose a shorter one'],
};

function explain(path: string, error: unknown, what = 'write'): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  // Errors without a system code come from the data (a failing generator) and are somebody else's story.
  if (!(error instanceof Error) || typeof code !== 'string' || !('syscall' in error)) return error;
  const [problem, cure] =
    what === 'make the folder' && code === 'ENOENT'
      ? ['no folder can be made there', 'choose another place']
      : (explanations[code] ?? [error.message, 'check the disk and the path']);
  return new FileWriteError(`could not ${what} ${path}: ${problem} (${code})`, { cure, cause: error });
}
