// Downloads that go wrong: cut, ignored, damaged, slow and aborted, and what is kept of them.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveModel, type DownloadProgress, type NodeResolveOptions } from '@foreword/hub/node';
import { type Fault, HubSandbox, noise, sha256Of, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { quick, rejection } from './rejection.ts';

const test = suite('download');
const sandbox = HubSandbox.in(test);
const size = 300_000;
const bytes = noise(size);
const blobs = (): string => sandbox.path('hub/models--a--b/blobs');
const incomplete = (): string => join(blobs(), `${sha256Of(bytes)}.incomplete`);

test.before.each(() => {
  sandbox.server.add('a/b', { 'w.bin': { bytes, large: true }, 'small.txt': { bytes: noise(40_000, 3) } });
});

const fail = (...faults: Fault[]): void => void sandbox.server.faults.set('w.bin', faults);

async function fetched(options: NodeResolveOptions = {}, file = 'w.bin'): Promise<Uint8Array> {
  const model = await resolveModel('a/b', { files: [file], ...quick, ...options });
  const source = await model.open(file);
  try {
    return await source.read(0, source.size);
  } finally {
    await source.close?.();
  }
}

const ranges = (): (string | undefined)[] => sandbox.server.downloads('w.bin').map(({ range }) => range);
const startOf = (range: string | undefined): number => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1]);

test('cut at random bytes, it goes on where it was cut; a try that brings bytes does not count', async () => {
  // More of them than `tries`; pseudo-random, and the borders of what the server writes at once.
  const cuts = [1, 16_384, 16_385, ...Array.from(noise(8, 11), (byte) => 1 + byte * 127)];
  fail(...cuts.map((cutAfter) => ({ cutAfter })));
  const seen: DownloadProgress[] = [];
  assert.equal(await fetched({ tries: 3, progress: (progress) => void seen.push(progress) }), bytes);
  assert.is(ranges().length, cuts.length + 1);
  const starts = ranges().map(startOf);
  assert.equal(starts, [0, ...cuts.map((_, i) => cuts.slice(0, i + 1).reduce((a, b) => a + b))]);
  assert.equal(seen[0], { file: 'w.bin', loaded: 0, total: size });
  assert.equal(seen.at(-1), { file: 'w.bin', loaded: size, total: size });
  assert.ok(seen.every(({ loaded }, i) => i === 0 || loaded >= seen[i - 1].loaded));
});

test('small files are cut and checked too', async () => {
  sandbox.server.faults.set('small.txt', [{ cutAfter: 20_000 }]);
  assert.equal(await fetched({}, 'small.txt'), noise(40_000, 3));
  sandbox.server.add('a/c', { 'x.txt': { bytes: noise(50) } });
  sandbox.server.faults.set('x.txt', [{ corrupt: true }]);
  const error = await rejection(resolveModel('a/c', { files: ['x.txt'], ...quick }), 'integrity');
  assert.match(error.message, /a\/c: x\.txt.*git-sha1/);
});

test('an empty file', async () => {
  sandbox.server.add('a/c', { empty: { bytes: new Uint8Array(0) } });
  const model = await resolveModel('a/c', { files: ['empty'], ...quick });
  const source = await model.open('empty');
  assert.is(source.size, 0);
  await source.close?.();
});

test('tries that bring nothing end it; what came before stays for the next call', async () => {
  fail({ cutAfter: 50_000 }, { status: 503 }, { status: 500 }, { status: 502 });
  const error = await rejection(fetched({ tries: 3 }), 'server');
  assert.match(error.message, /a\/b: w\.bin.*HTTP 502/);
  assert.match(error.cure, /50000 bytes are kept/);
  assert.equal(await readFile(incomplete()), Buffer.from(bytes.subarray(0, 50_000)));
  assert.equal(await fetched(), bytes);
  assert.is(startOf(ranges().at(-1)), 50_000);
  assert.equal(await readdir(blobs()), [sha256Of(bytes)]);
});

test('the server may ask to wait', async () => {
  fail({ status: 429, headers: { 'retry-after': '1' } });
  const began = performance.now();
  assert.equal(await fetched(), bytes);
  assert.ok(performance.now() - began >= 990);
});

test('a server that ignores Range starts over', async () => {
  fail({ cutAfter: 100_000 }, { ignoreRange: true, cutAfter: 120_000 }, { ignoreRange: true });
  assert.equal(await fetched(), bytes);
  assert.equal(ranges().map(startOf), [0, 100_000, 120_000]);
});

test('a server that ignores Range and always cuts at the same byte is given up', async () => {
  fail(...Array.from({ length: 9 }, () => ({ ignoreRange: true, cutAfter: 1000 })));
  const error = await rejection(fetched({ tries: 4 }), 'network');
  assert.match(error.message, /127\.0\.0\.1/);
  assert.is(ranges().length, 5, 'the first brought bytes, the four after it none');
});

test('wrong bytes are deleted and told', async () => {
  fail({ corrupt: true });
  const error = await rejection(fetched(), 'integrity');
  assert.match(error.message, new RegExp(`a/b: w\\.bin.*sha256 is [0-9a-f]{64}, not ${sha256Of(bytes)}`));
  assert.equal(await readdir(blobs()), []);
  assert.equal(await fetched(), bytes);
});

test('too many bytes, or a range from elsewhere, are refused', async () => {
  fail({ extraBytes: 10 });
  const error = await rejection(fetched(), 'integrity');
  assert.match(error.message, /more than the 300000 bytes/);
  fail({ cutAfter: 1000 }, { wrongStart: 10 });
  assert.match((await rejection(fetched(), 'integrity')).message, /bytes from 10, not from 1000/);
});

test('damaged bytes of an earlier process are fetched anew, once', async () => {
  await mkdir(blobs(), { recursive: true });
  await writeFile(incomplete(), noise(1000, 9));
  assert.equal(await fetched(), bytes);
  assert.equal(ranges().map(startOf), [1000, 0]);
});

test('an earlier file that is longer than it should be is started over', async () => {
  await mkdir(blobs(), { recursive: true });
  await writeFile(incomplete(), noise(size + 1));
  assert.equal(await fetched(), bytes);
  assert.equal(ranges().map(startOf), [0]);
});

test('an earlier file that is whole already needs no request for its bytes', async () => {
  await mkdir(blobs(), { recursive: true });
  await writeFile(incomplete(), bytes);
  assert.equal(await fetched(), bytes);
  assert.equal(ranges(), []);
});

test('a silent server counts as cut', async () => {
  fail({ stallAfter: 32_768 });
  assert.equal(await fetched({ stallMs: 200 }), bytes);
  assert.equal(ranges().map(startOf), [0, 32_768]);
  fail({ stallAfter: 0 }, { stallAfter: 0 });
  sandbox.server.add('a/c', { 'w.bin': { bytes: noise(99), large: true } });
  const error = await rejection(
    resolveModel('a/c', { files: ['w.bin'], ...quick, stallMs: 100, tries: 2 }),
    'network',
  );
  assert.match(error.message, /nothing came for 0\.1 s/);
});

test('abort ends with the reason, at once, and keeps what has come', async () => {
  fail({ slowMs: 30 });
  const controller = new AbortController();
  const reason = new Error('enough');
  let kept = 0;
  const progress = ({ loaded }: DownloadProgress): void => {
    kept = loaded;
    if (loaded > 60_000 && !controller.signal.aborted) controller.abort(reason);
  };
  let caught: unknown;
  await fetched({ signal: controller.signal, progress }).catch((error: unknown) => {
    caught = error;
  });
  assert.is(caught, reason);
  assert.ok(kept > 60_000 && kept < 150_000, `${kept} bytes at the abort`);
  assert.is((await readFile(incomplete())).length, kept);
  const before = ranges().length;
  assert.equal(await fetched(), bytes);
  assert.equal(ranges().slice(before).map(startOf), [kept]);

  const early = fetched({ signal: AbortSignal.abort(reason), revision: 'other' });
  await early.then(
    () => assert.unreachable(),
    (error: unknown) => assert.is(error, reason),
  );
});

test('abort ends the pause between tries', async () => {
  fail({ status: 500 }, { status: 500 });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 300);
  const began = performance.now();
  const error = await fetched({ signal: controller.signal, retryPauseMs: 20_000 }).catch((e: unknown) => e);
  assert.is((error as Error).name, 'AbortError');
  assert.ok(performance.now() - began < 5000);
});

test('what a disk refuses is told, and not tried again', async () => {
  await mkdir(sandbox.path('hub/models--a--b'), { recursive: true });
  await writeFile(blobs(), 'a file where the folder should be');
  const error = await rejection(fetched(), 'disk');
  assert.match(error.message, /cannot write/);
  assert.equal(ranges(), []);
});

test('URLs resume only on the same state of the file', async () => {
  const { server } = sandbox;
  const url = `${server.endpoint}/files/u.bin`;
  const read = async (): Promise<Uint8Array> => {
    const source = await (await resolveModel(url, { ...quick, refresh: true })).open('u.bin');
    const all = await source.read(0, source.size);
    await source.close?.();
    return all;
  };
  server.plain.set('/files/u.bin', { bytes, etag: '"v1"' });
  server.faults.set('u.bin', [{ cutAfter: 70_000 }]);
  assert.equal(await read(), bytes);
  assert.equal(
    server.requests('GET', 'u.bin').map(({ range, ifRange }) => [startOf(range), ifRange]),
    [
      [0, undefined],
      [70_000, '"v1"'],
    ],
  );
  // The file changes between the cut and the next try: the server then sends all of it.
  const later = noise(size, 7);
  server.plain.set('/files/u.bin', { bytes: noise(size, 6), etag: '"v2"' });
  server.faults.set('u.bin', [{ cutAfter: 70_000 }]);
  const progress = (): void => void server.plain.set('/files/u.bin', { bytes: later, etag: '"v3"' });
  const model = await resolveModel(url, { ...quick, refresh: true, progress });
  const source = await model.open('u.bin');
  assert.equal(await source.read(0, source.size), later);
  await source.close?.();
  // Without a validator nothing of an earlier call is trusted.
  server.plain.set('/files/plain.bin', { bytes });
  server.faults.set('plain.bin', [{ cutAfter: 5000 }, { cutAfter: 9000 }, { cutAfter: 100 }]);
  const plain = `${server.endpoint}/files/plain.bin`;
  await rejection(resolveModel(plain, { ...quick, tries: 1 }), 'network');
  await resolveModel(plain, quick);
  assert.equal(
    server.requests('GET', 'plain.bin').map(({ range }) => startOf(range)),
    [0, 0, 0, 0],
  );
});

test.run();
