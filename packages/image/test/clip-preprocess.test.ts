// CLIP's preprocessing: the order of its steps, its sizes and its arithmetic.
import { encode } from 'fast-png';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { clipMean, clipPreprocess, clipStd } from '../src/clip-preprocess.ts';
import { ImageError, type DecodedImage } from '../src/decoded-image.ts';

const test = suite('clip preprocess');

function filled(width: number, height: number, pixel: number[]): DecodedImage {
  const channels = pixel.length as DecodedImage['channels'];
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => pixel[i % channels]);
  return { width, height, channels, data };
}

test('values are scaled and normalised in float32, channel first', () => {
  const f = Math.fround;
  const pixels = clipPreprocess(filled(10, 14, [255, 0, 100]), 4);
  assert.is(pixels.length, 48);
  [255, 0, 100].forEach((sample, c) => {
    const expected = f(f(f(sample / 255) - f(clipMean[c])) / f(clipStd[c]));
    for (let i = 0; i < 16; i++) assert.is(pixels[16 * c + i], expected);
  });
});

test('other statistics', () => {
  const pixels = clipPreprocess(filled(2, 2, [255, 51, 0]), 2, { mean: [0.5, 0, 0], std: [0.5, 1, 1] });
  assert.equal([...pixels], [1, 1, 1, 1, ...new Array(4).fill(Math.fround(0.2)), 0, 0, 0, 0]);
});

test('the shorter side becomes the size and the middle is kept', () => {
  // columns 0..9 grey 10x: the middle 4 of a 10×4 picture are columns 3..6
  const data = Uint8Array.from({ length: 40 }, (_, i) => 10 * (i % 10));
  const pixels = clipPreprocess({ width: 10, height: 4, channels: 1, data }, 4, {
    mean: [0, 0, 0],
    std: [1, 1, 1],
  });
  assert.equal(
    [...pixels.subarray(0, 4)].map((value) => Math.round(value * 255)),
    [30, 40, 50, 60],
  );
  assert.equal(pixels.subarray(0, 16), pixels.subarray(32, 48));
});

test('a very long picture costs no more than its middle', () => {
  assert.is(clipPreprocess(filled(300_000, 1, [9, 9, 9]), 32).length, 3 * 32 * 32);
  // all its rows resized would take 2.5 GB
  const tall: DecodedImage = { width: 1, height: 80_000_000, channels: 1, data: new Uint8Array(80_000_000) };
  assert.is(clipPreprocess(tall, 32).length, 3 * 32 * 32);
});

test('alpha is dropped, not blended', () => {
  const half = clipPreprocess(filled(4, 4, [200, 100, 50, 128]), 4);
  assert.equal(half, clipPreprocess(filled(4, 4, [200, 100, 50]), 4));
});

test("takes a file's bytes and names the file when they are broken", () => {
  const image = filled(6, 5, [1, 2, 3]);
  const bytes = encode({ ...image, depth: 8 });
  assert.equal(clipPreprocess(bytes, 4), clipPreprocess(image, 4));
  assert.throws(
    () => clipPreprocess(bytes.subarray(0, 50), 4, { file: 'cat.png' }),
    (error: unknown) =>
      error instanceof ImageError &&
      /^cat\.png: truncated PNG: .*; copy or download the file again$/.test(error.message),
  );
});

test.run();
