// The pool of decoding threads: results, failures that name their file, aborting and closing.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { clipPreprocess } from '../src/clip-preprocess.ts';
import { createDecodePool } from '../src/decode-pool.ts';
import { ImageError } from '../src/decoded-image.ts';

const folder = mkdtempSync(join(tmpdir(), 'foreword-pool-'));
const pictures = Array.from({ length: 6 }, (_, n) => {
  const data = Uint8Array.from({ length: 12 * 9 * 3 }, (__, i) => (i * (n + 3)) & 255);
  const path = join(folder, `${n}.png`);
  const bytes = encode({ width: 12, height: 9, channels: 3, depth: 8, data });
  writeFileSync(path, bytes);
  return { path, bytes };
});
const cut = join(folder, 'cut.png');
writeFileSync(cut, pictures[0].bytes.subarray(0, 60));

const test = suite('decode pool');
test.after(() => rmSync(folder, { recursive: true }));

/** The error a promise rejects with. */
async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('the promise did not reject');
}

test('more files than threads, in order, equal to preprocessing here', async () => {
  const pool = createDecodePool({ size: 8, workers: 2 });
  const results = await Promise.all(pictures.map(({ path }) => pool.preprocess(path)));
  results.forEach(({ pixels }, n) => assert.equal(pixels, clipPreprocess(pictures[n].bytes, 8)));
  await pool.close();
});

test('a bad file is named and does not harm the next', async () => {
  const pool = createDecodePool({ size: 8, workers: 1, maxPixels: 200 });
  const outcomes = [cut, join(folder, 'nowhere.png'), folder].map((path) => rejection(pool.preprocess(path)));
  const [truncated, missing, directory] = await Promise.all(outcomes);
  assert.instance(truncated, ImageError);
  assert.ok(truncated.message.startsWith(`${cut}: truncated PNG`), truncated.message);
  assert.is(missing.message, `${join(folder, 'nowhere.png')}: the file does not exist`);
  assert.is(directory.message, `${folder}: this is a folder, not a picture`);
  assert.is((await pool.preprocess(pictures[1].path)).pixels.length, 192);
  await pool.close();
});

test('settings reach the threads', async () => {
  const pool = createDecodePool({ size: 4, workers: 1, mean: [0, 0, 0], std: [1, 1, 1], maxPixels: 107 });
  assert.match((await rejection(pool.preprocess(pictures[0].path))).message, /more than 107 pixels/);
  await pool.close();
  const larger = createDecodePool({ size: 4, workers: 1, mean: [0, 0, 0], std: [1, 1, 1] });
  const { pixels } = await larger.preprocess(pictures[0].path);
  assert.equal(pixels, clipPreprocess(pictures[0].bytes, 4, { mean: [0, 0, 0], std: [1, 1, 1] }));
  await larger.close();
});

test('aborting rejects what waits and what runs, and the pool goes on', async () => {
  const pool = createDecodePool({ size: 8, workers: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  const jobs = pictures.slice(0, 3).map(({ path }) => rejection(pool.preprocess(path, { signal })));
  controller.abort(new Error('stop now'));
  assert.equal(
    (await Promise.all(jobs)).map(({ message }) => message),
    ['stop now', 'stop now', 'stop now'],
  );
  assert.is((await rejection(pool.preprocess(pictures[3].path, { signal }))).message, 'stop now');
  assert.is((await pool.preprocess(pictures[4].path)).pixels.length, 192);
  await pool.close();
});

test('closing rejects what is unfinished and refuses what comes after', async () => {
  const pool = createDecodePool({ size: 8, workers: 1 });
  const jobs = pictures.slice(0, 2).map(({ path }) => rejection(pool.preprocess(path)));
  await pool.close();
  for (const { message } of await Promise.all(jobs)) assert.match(message, /the decode pool was closed/);
  assert.match((await rejection(pool.preprocess(cut))).message, /cut\.png: the decode pool is closed/);
  await pool.close();
});

test('wrong numbers are refused', () => {
  assert.throws(() => createDecodePool({ workers: 0 }), /workers must be a positive whole number, not 0/);
  assert.throws(() => createDecodePool({ size: 1.5 }), /size must be a positive whole number, not 1.5/);
});

test.run();
