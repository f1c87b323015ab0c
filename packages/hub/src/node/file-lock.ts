// A lock between processes: a file that only one of them can create, kept fresh while it is held.
//
// Node has no flock, so Python's own locks cannot be shared. A process that was killed leaves its file behind; it is
// taken away when the process is gone from this machine, or when nobody has freshened it for `staleMs`. Two processes
// that judge so at the same moment could both go on. That is harmless for what is locked here: both write the same
// bytes to the same places of a file, and the hash is checked before the file gets its name.
import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { pause } from '../abort.ts';

export interface LockOptions {
  signal?: AbortSignal;
  /** Default 30,000. */
  staleMs?: number;
  /** How often a waiting process looks. Default 200. */
  lookEveryMs?: number;
}

/** Runs `use` while no other holder of `path` does. */
export async function withFileLock<T>(
  path: string,
  use: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const { signal, staleMs = 30_000, lookEveryMs = 200 } = options;
  const id = randomUUID();
  while (!(await tryCreate(path, id))) {
    if (!(await removeStale(path, staleMs))) await pause(lookEveryMs, signal);
  }
  const freshen = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, staleMs / 5).unref();
  try {
    return await use();
  } finally {
    clearInterval(freshen);
    if ((await holderOf(path))?.id === id) await rm(path, { force: true });
  }
}

interface Holder {
  id: string;
  pid: number;
  host: string;
}

async function tryCreate(path: string, id: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(JSON.stringify({ id, pid: process.pid, host: hostname() } satisfies Holder));
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    // Windows says EPERM or EACCES while another process removes the file.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (process.platform === 'win32' && (code === 'EPERM' || code === 'EACCES')) return false;
    throw error;
  }
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    // Gone, or not yet written.
    return undefined;
  }
}

/** Whether a stale lock was taken away. */
async function removeStale(path: string, staleMs: number): Promise<boolean> {
  const holder = await holderOf(path);
  const isGone = holder?.host === hostname() && !isAlive(holder.pid);
  if (!isGone) {
    const state = await stat(path).catch(() => undefined);
    if (state === undefined || Date.now() - state.mtimeMs < staleMs) return false;
  }
  // Renamed before it is removed, so that of several processes that judge so one alone does it.
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return false;
  }
  await rm(aside, { force: true });
  return true;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
