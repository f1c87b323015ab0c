// Encoded pictures: PNG without loss, JPEG as good as the decoder's own library writes it.
import { suite } from '@foreword/test-kit';
import { decode as decodePng } from 'fast-png';
import jpeg from 'jpeg-js';
import * as assert from 'uvu/assert';
import { describeScene } from '../src/describe-scene.ts';
import { drawScene, type Picture } from '../src/draw/draw-scene.ts';
import { encodePicture } from '../src/encode/encode-picture.ts';
import { encodeJpeg } from '../src/encode/encode-jpeg.ts';
import { acTable, huffmanCodes, zigzag } from '../src/encode/jpeg-tables.ts';

const test = suite('encodePicture', { timeLimitSeconds: 180 });

const decodeJpeg = (bytes: Uint8Array) => jpeg.decode(bytes, { useTArray: true, formatAsRGBA: false });

/** Peak signal-to-noise ratio of the decoded bytes, in dB. */
function quality(picture: Picture, bytes: Uint8Array): number {
  const decoded = decodeJpeg(bytes);
  assert.equal([decoded.width, decoded.height], [picture.width, picture.height]);
  let squares = 0;
  for (let i = 0; i < picture.data.length; i++) squares += (decoded.data[i] - picture.data[i]) ** 2;
  return 10 * Math.log10(255 ** 2 / (squares / picture.data.length));
}

test('PNG keeps every pixel', () => {
  const picture = drawScene(describeScene({ seed: 1, split: 'train', index: 1 }));
  const decoded = decodePng(encodePicture(picture, 'png'));
  assert.equal([decoded.width, decoded.height, decoded.channels], [picture.width, picture.height, 3]);
  assert.equal(new Uint8Array(decoded.data), picture.data);
});

test('JPEG is at least as faithful as jpeg-js writes it, and no larger', () => {
  for (let index = 0; index < 4; index++) {
    const picture = drawScene(describeScene({ seed: 1, split: 'train', index }));
    const { width, height, data } = picture;
    const rgba = new Uint8Array(width * height * 4).fill(255);
    for (let i = 0; i < width * height; i++) rgba.set(data.subarray(3 * i, 3 * i + 3), 4 * i);
    const theirs = jpeg.encode({ width, height, data: rgba }, 92).data;
    const ours = encodePicture(picture, 'jpg');
    assert.ok(quality(picture, ours) > quality(picture, theirs) - 0.1, `picture ${index}`);
    assert.ok(ours.length < 1.02 * theirs.length, `${ours.length} against ${theirs.length} bytes`);
  }
});

test('JPEG of any size and of noise decodes', () => {
  for (const [width, height] of [
    [1, 1],
    [7, 9],
    [8, 8],
    [17, 3],
  ]) {
    const data = new Uint8Array(width * height * 3);
    for (let i = 0; i < data.length; i++) data[i] = Math.imul(i + 1, 0x9e3779b1) >>> 24;
    const picture = { width, height, data };
    assert.ok(quality(picture, encodeJpeg(picture, 100)) > 38, `${width} × ${height}`);
  }
});

test('the tables are whole: 64 places, 162 symbols, no code is the start of another', () => {
  assert.is(new Set(zigzag).size, 64);
  assert.equal(zigzag.slice(0, 6), [0, 1, 8, 16, 9, 2]);
  assert.is(new Set(acTable.symbols).size, 162);
  assert.is(
    acTable.lengths.reduce((sum, n) => sum + n, 0),
    162,
  );
  const { code, bits } = huffmanCodes(acTable);
  const words = acTable.symbols.map((symbol) => code[symbol].toString(2).padStart(bits[symbol], '0')).sort();
  for (let i = 1; i < words.length; i++) assert.not.ok(words[i].startsWith(words[i - 1]), words[i]);
});

test.run();
