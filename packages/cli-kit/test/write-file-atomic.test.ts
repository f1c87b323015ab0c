// Atomic writes: contents, no left-overs, old file kept when something fails, plain messages.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  assertWritable,
  FileWriteError,
  makeFolder,
  removeUnfinished,
  writeFileAtomic,
} from '../src/index.ts';

const test = suite('atomic files');
let folder = '';
test.before.each(() => void (folder = mkdtempSync(join(tmpdir(), 'foreword-atomic-'))));
test.after.each(() => rmSync(folder, { recursive: true }));

async function failure(work: Promise<unknown>): Promise<FileWriteError> {
  try {
    await work;
  } catch (error) {
    assert.instance(error, FileWriteError);
    return error as FileWriteError;
  }
  return assert.unreachable('nothing failed') as never;
}

/** `fs.open` on a disk that holds `room` pieces and then fails with `code`. */
function openOnFullDisk(room: number, code: string): typeof open {
  return async (...args: Parameters<typeof open>) => {
    const file = await open(...args);
    const writeFile = file.writeFile.bind(file);
    let pieces = 0;
    file.writeFile = async (data) => {
      if (pieces++ >= room) throw Object.assign(new Error(`${code}: write`), { code, syscall: 'write' });
      await writeFile(data);
    };
    return file;
  };
}

test('text, bytes and pieces', async () => {
  const path = join(folder, 'a.bin');
  await writeFileAtomic(path, 'grüße');
  assert.is(readFileSync(path, 'utf8'), 'grüße');
  await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
  assert.equal([...readFileSync(path)], [1, 2, 3]);
  await writeFileAtomic(path, [Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3, 4)]);
  assert.equal([...readFileSync(path)], [1, 2, 3, 4]);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield Uint8Array.of(9);
    yield Uint8Array.of(8);
  }
  await writeFileAtomic(path, pieces());
  assert.equal([...readFileSync(path)], [9, 8]);
  assert.equal(readdirSync(folder), ['a.bin']);
});

test('many writers of one file leave one whole file', async () => {
  const path = join(folder, 'metrics.json');
  const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(100_000));
  await Promise.all(texts.map((text) => writeFileAtomic(path, text)));
  assert.ok(texts.includes(readFileSync(path, 'utf8')));
  assert.equal(readdirSync(folder), ['metrics.json']);
});

test('a full disk: clear error, old file kept, no left-over', async () => {
  const path = join(folder, 'last.safetensors');
  writeFileSync(path, 'old');
  const pieces = [Uint8Array.of(1), Uint8Array.of(2)];
  const error = await failure(writeFileAtomic(path, pieces, openOnFullDisk(1, 'ENOSPC')));
  assert.is(error.message, `could not write ${path}: the disk is full (ENOSPC)`);
  assert.match(error.cure ?? '', 'free some space');
  assert.is(error.exitCode, 1);
  assert.is(readFileSync(path, 'utf8'), 'old');
  assert.equal(readdirSync(folder), ['last.safetensors']);
});

test('missing folder, folder of that name, file as folder', async () => {
  assert.match(
    (await failure(writeFileAtomic(join(folder, 'no/x'), ''))).message,
    'its folder does not exist',
  );
  mkdirSync(join(folder, 'dir'));
  assert.match(
    (await failure(writeFileAtomic(join(folder, 'dir'), ''))).message,
    /could not write .*dir: there is a folder/,
  );
  writeFileSync(join(folder, 'file'), '');
  assert.match(
    (await failure(writeFileAtomic(join(folder, 'file/x'), ''))).message,
    'is a file, not a folder',
  );
  assert.equal(readdirSync(folder).sort(), ['dir', 'file']);
});

test('a folder is made with those above it; a file in its way is named', async () => {
  await makeFolder(join(folder, 'a/b'));
  await makeFolder(join(folder, 'a/b'));
  await writeFileAtomic(join(folder, 'a/b/file'), '');
  const inside = await failure(makeFolder(join(folder, 'a/b/file/c')));
  assert.match(inside.message, /could not make the folder .*c: a part of its path is a file, not a folder/);
  const same = await failure(makeFolder(join(folder, 'a/b/file')));
  assert.match(same.message, /there is a file of this name/);
  assert.match(same.cure ?? '', 'another name');
});

test('a folder where none can be made is an error, not a wait for ever', async () => {
  if (!existsSync('/proc/self')) return;
  const error = await failure(makeFolder('/proc/foreword/run'));
  assert.match(error.message, 'could not make the folder /proc/foreword/run: no folder can be made there');
});

test('a folder is found to be writable without leaving anything', async () => {
  mkdirSync(join(folder, 'old'));
  await assertWritable(join(folder, 'old'));
  await assertWritable(join(folder, 'new/inner'));
  assert.equal(readdirSync(folder), ['old']);
  assert.equal(readdirSync(join(folder, 'old')), []);
  writeFileSync(join(folder, 'file'), '');
  assert.match((await failure(assertWritable(join(folder, 'file/x')))).message, 'is a file, not a folder');
});

test('a read-only file system is called that, for folders that are there and for new ones', async () => {
  // Mounting needs rights that not every machine gives.
  const mount = `mount --bind -o ro ${folder} ${folder} && mount -o remount,bind,ro ${folder}`;
  const tried = (path: string): string => {
    const code = `import('${new URL('../src/index.ts', import.meta.url).href}').then((m) => m.assertWritable('${path}')).catch((e) => console.log(e.message))`;
    const node = `"${process.execPath}" --import tsx --conditions=foreword-source -e "${code}"`;
    const { status, stdout } = spawnSync('unshare', ['-rm', 'sh', '-c', `${mount} && ${node}`]);
    return status === 0 ? String(stdout).trim() : '';
  };
  const [old, made] = [tried(folder), tried(join(folder, 'new/run'))];
  if (old === '') return;
  assert.is(old, `could not write to the folder ${folder}: the file system is read-only (EROFS)`);
  assert.is(
    made,
    `could not make the folder ${join(folder, 'new/run')}: the file system is read-only (EROFS)`,
  );
});

test('what killed processes left is removed; what others write now stays', async () => {
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const names = [
    `.last.safetensors.${gone}-0123abcd.tmp`,
    `.last.safetensors.${process.pid}-0123abcd.tmp`,
    `.last.safetensors.${process.ppid}-0123abcd.tmp`,
    'last.safetensors',
    `.notes.${gone}.tmp`,
  ];
  for (const name of names) writeFileSync(join(folder, name), '');
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield Uint8Array.of(1);
    await removeUnfinished(folder);
  }
  await writeFileAtomic(join(folder, 'own'), pieces());
  assert.equal(readdirSync(folder).sort(), [...names.slice(2), 'own'].sort());
  await removeUnfinished(join(folder, 'nowhere'));
});

test('an error of the data passes through unchanged and leaves nothing', async () => {
  function* broken(): Generator<Uint8Array> {
    yield Uint8Array.of(1);
    throw new RangeError('no such tensor');
  }
  try {
    await writeFileAtomic(join(folder, 'x'), broken());
    assert.unreachable();
  } catch (error) {
    assert.instance(error, RangeError);
  }
  assert.equal(readdirSync(folder), []);
});

test.run();
