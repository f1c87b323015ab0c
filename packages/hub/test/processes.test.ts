// Several processes and one cache: a killed download is resumed, two at once fetch a file once, stale locks give way.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveModel } from '@foreword/hub/node';
import { commitOf, HubSandbox, noise, sha256Of, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { withFileLock } from '../src/node/file-lock.ts';
import { HfCache } from '../src/node/hf-cache.ts';
import { quick } from './rejection.ts';

const test = suite('processes');
const sandbox = HubSandbox.in(test);
const bytes = noise(400_000);
const file = 'w.bin';
const blobs = (): string => sandbox.path('hub/models--a--b/blobs');
const incomplete = (): string => join(blobs(), `${sha256Of(bytes)}.incomplete`);
const lock = (): string => sandbox.path('hub/.locks/models--a--b', `${sha256Of(bytes)}.foreword.lock`);
const children = new Set<ChildProcess>();

test.before.each(() => void sandbox.server.add('a/b', { [file]: { bytes, large: true } }));
test.after.each(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

interface Running {
  child: ChildProcess;
  ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>;
}

function fetchInChild(): Running {
  const program = fileURLToPath(new URL('fetch-child.ts', import.meta.url));
  const args = ['--import', 'tsx', '--conditions=foreword-source', program, 'a/b', file];
  const child = spawn(process.execPath, args, { env: process.env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const ended = new Promise<Awaited<Running['ended']>>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}

const read = async (): Promise<Buffer> => {
  const model = await resolveModel('a/b', { files: [file], ...quick });
  return readFile(join(model.folder ?? '', file));
};
const starts = (): number[] =>
  sandbox.server.downloads(file).map(({ range }) => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1]));

test('a process killed in mid-download is resumed by the next', async () => {
  sandbox.server.faults.set(file, [{ slowMs: 20 }]);
  const { child, ended } = fetchInChild();
  await until(async () => ((await stat(incomplete()).catch(() => undefined))?.size ?? 0) > 100_000);
  child.kill('SIGKILL');
  assert.is((await ended).signal, 'SIGKILL');
  const kept = (await stat(incomplete())).size;
  assert.ok(kept > 100_000 && kept < bytes.length, `${kept} bytes were there`);
  assert.is((await readdir(dirname(lock()))).length, 1, 'the killed process leaves its lock');
  const began = performance.now();
  assert.equal(await read(), Buffer.from(bytes));
  assert.ok(performance.now() - began < 5000, 'the lock of a dead process is not waited for');
  assert.equal(starts(), [0, kept]);
  assert.equal(await readdir(blobs()), [sha256Of(bytes)]);
  assert.equal(await readdir(dirname(lock())), []);
});

test('two processes that want the same file fetch it once', async () => {
  sandbox.server.faults.set(file, [{ slowMs: 40 }]);
  const running = [fetchInChild(), fetchInChild()];
  for (const { ended } of running) {
    const { code, stdout, stderr } = await ended;
    assert.is(code, 0, stderr);
    assert.is(stdout, `${bytes.length}\n`);
  }
  assert.equal(starts(), [0]);
  assert.equal(await read(), Buffer.from(bytes));
});

test('two calls in one process fetch it once', async () => {
  sandbox.server.faults.set(file, [{ slowMs: 10 }]);
  assert.equal(await Promise.all([read(), read()]), [Buffer.from(bytes), Buffer.from(bytes)]);
  assert.equal(starts(), [0]);
});

test('when the process that fetches is killed, the waiting one goes on from there', async () => {
  // 5 s in all: the second process has to come before the first is done, however busy the machine.
  sandbox.server.faults.set(file, [{ slowMs: 200 }]);
  const first = fetchInChild();
  await until(() => starts().length === 1);
  const second = fetchInChild();
  await until(() => sandbox.server.requests('HEAD', file).length === 2);
  await until(() => (sandbox.server.sent.get(file) ?? 0) > 100_000);
  first.child.kill('SIGKILL');
  assert.is((await first.ended).signal, 'SIGKILL');
  const { code, stderr } = await second.ended;
  assert.is(code, 0, stderr);
  assert.is(starts().length, 2);
  assert.ok(starts()[1] > 0);
  assert.equal(await read(), Buffer.from(bytes));
});

test('a lock is exclusive, is waited for until the abort, and is given back after errors', async () => {
  const path = sandbox.path('x.lock');
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    inside++;
    most = Math.max(most, inside);
    await new Promise((resolve) => setTimeout(resolve, 5));
    inside--;
  };
  await Promise.all(Array.from({ length: 8 }, () => withFileLock(path, work, { lookEveryMs: 2 })));
  assert.is(most, 1);
  const fails = async (): Promise<void> => {
    throw new Error('inside');
  };
  await withFileLock(path, fails).then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'inside'),
  );
  const holdsIt = withFileLock(path, () => new Promise((resolve) => setTimeout(resolve, 300)));
  await until(async () => (await stat(path).catch(() => undefined)) !== undefined);
  const signal = AbortSignal.timeout(30);
  await withFileLock(path, async () => assert.unreachable(), { signal }).then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.name, 'TimeoutError'),
  );
  await holdsIt;
  assert.equal(await readdir(sandbox.home), []);
});

test('locks of other machines give way only when nobody freshens them', async () => {
  const path = sandbox.path('x.lock');
  const leave = (host: string, pid: number): Promise<void> =>
    writeFile(path, JSON.stringify({ id: 'other', host, pid }));
  const isTaken = async (): Promise<boolean> => {
    const options = { staleMs: 2000, lookEveryMs: 5, signal: AbortSignal.timeout(200) };
    return withFileLock(path, async () => true, options).catch(() => false);
  };
  const ended = spawn(process.execPath, ['-e', '']);
  await new Promise((resolve) => ended.on('exit', resolve));
  // A number that no process of this machine has now says nothing about another machine.
  await leave('another-machine', ended.pid ?? 0);
  assert.not(await isTaken(), 'fresh');
  const past = new Date(Date.now() - 3000);
  await utimes(path, past, past);
  assert.ok(await isTaken(), 'stale');
  await leave(hostname(), process.pid);
  assert.not(await isTaken(), 'held by a living process');
  await utimes(path, past, past);
  assert.ok(await isTaken(), 'a living process that has it no more');
});

test('a lock that is held long stays fresh', async () => {
  const path = sandbox.path('x.lock');
  let overlaps = false;
  let isHeld = true;
  const first = withFileLock(
    path,
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 600));
      isHeld = false;
    },
    { staleMs: 200 },
  );
  await until(async () => (await stat(path).catch(() => undefined)) !== undefined);
  // Another machine's view: the process id says nothing.
  const text = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...text, host: 'another-machine' }));
  await withFileLock(path, async () => (overlaps = isHeld), { staleMs: 200, lookEveryMs: 5 });
  await first;
  assert.not(overlaps);
});

test('where the file system refuses links, the file itself lies in the snapshot', async () => {
  const refused: string[] = [];
  const cache = new HfCache(sandbox.path('hub'), {
    async link(_target, path) {
      refused.push(path);
      throw Object.assign(new Error('EPERM'), { code: 'EPERM', syscall: 'symlink' });
    },
  });
  const commits = [commitOf('1'), commitOf('2')];
  const place = { folder: 'models--a--b', file: 'sub/w.bin', blob: sha256Of(bytes) };
  const fill = async (unfinished: { append(bytes: Uint8Array): Promise<void> }): Promise<void> =>
    unfinished.append(bytes);
  await cache.store({ ...place, commit: commits[0] }, fill);
  assert.is(refused.length, 1);
  const path = `snapshots/${commits[0]}/sub/w.bin (${bytes.length})`;
  assert.equal(await sandbox.tree(sandbox.path('hub/models--a--b')), [path]);

  // A blob that Python has left as a blob is copied: others may point to it.
  await mkdir(blobs(), { recursive: true });
  await writeFile(join(blobs(), sha256Of(bytes)), bytes);
  await symlink(
    `../../../blobs/${sha256Of(bytes)}`,
    sandbox.path('hub/models--a--b/snapshots', commits[0], 'sub/l'),
  );
  await cache.store({ ...place, commit: commits[1] }, async () => assert.unreachable());
  assert.ok((await sandbox.tree(blobs())).length === 1);
  const found = await cache.find(place.folder, commits[1], place.file);
  const source = await found?.open();
  assert.equal(await source?.read(0, bytes.length), bytes);
  await source?.close?.();
});

test.run();
