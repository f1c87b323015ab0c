// JPEG decoding: the pixels libjpeg gives Pillow, and a clear error for everything that is broken.
import { encode } from 'jpeg-js';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { decodeImage } from '../src/decode-image.ts';
import { ImageError } from '../src/decoded-image.ts';
import { crc32 } from '../src/png/read-png-chunks.ts';
import { jpegGoldens } from './jpeg-goldens.ts';

const test = suite('decode jpeg');

const bytesOf = (name: string): Uint8Array => {
  const golden = jpegGoldens.find((candidate) => candidate.name === name);
  if (!golden) throw new Error(`no golden JPEG is called ${name}`);
  return new Uint8Array(Buffer.from(golden.base64, 'base64'));
};

for (const { name, width, height, channels, crc } of jpegGoldens) {
  test(`JPEG pixels equal Pillow's: ${name}`, () => {
    const image = decodeImage(bytesOf(name));
    assert.equal([image.width, image.height, image.channels], [width, height, channels]);
    assert.is(image.cmyk ?? false, channels === 4);
    assert.is(crc32(image.data), crc);
  });
}

test('reads what another encoder writes, within its losses', () => {
  const [width, height] = [24, 10];
  const data = Uint8Array.from(
    { length: width * height * 4 },
    (_, i) => 100 + Math.floor(i / 4 / width) * 6 + (i % 4) * 10,
  );
  const image = decodeImage(encode({ width, height, data }, 95).data);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++)
      assert.ok(Math.abs(image.data[3 * i + c] - data[4 * i + c]) <= 4, `pixel ${i}`);
  }
});

/** The error of decoding, or undefined; anything but ImageError fails the test. */
function refusal(bytes: Uint8Array): ImageError | undefined {
  try {
    decodeImage(bytes, { file: 'x.jpg' });
    return undefined;
  } catch (error) {
    assert.instance(error, ImageError, String(error));
    assert.match((error as ImageError).message, /^x\.jpg: /);
    return error as ImageError;
  }
}

for (const name of ['4:2:0 baseline, odd size', '4:2:0 progressive', 'restart markers', 'grey']) {
  test(`cut short anywhere, it is refused: ${name}`, () => {
    const jpeg = bytesOf(name);
    for (let length = 0; length < jpeg.length; length++) {
      assert.ok(refusal(jpeg.subarray(0, length)), `${length} of ${jpeg.length} bytes were accepted`);
    }
  });

  test(`changed bytes end in pixels or in an ImageError: ${name}`, () => {
    const jpeg = bytesOf(name);
    let refused = 0;
    for (let at = 2; at < jpeg.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const changed = jpeg.slice();
        changed[at] ^= flip;
        if (refusal(changed)) refused++;
      }
    }
    assert.ok(refused > jpeg.length / 2, `only ${refused} of ${3 * jpeg.length} were refused`);
  });
}

test('half the scan followed by an end marker is still truncated', () => {
  const jpeg = bytesOf('4:4:4 baseline');
  const cut = Uint8Array.of(...jpeg.subarray(0, jpeg.length - 60), 0xff, 0xd9);
  assert.match(refusal(cut)?.message ?? '', /truncated JPEG: a scan ends early/);
});

test('stray bytes between segments and after the end are passed over', () => {
  const jpeg = bytesOf('grey');
  const stray = Uint8Array.of(0xff, 0xd8, 0xff, 0xff, 0x00, 0x33, ...jpeg.subarray(2), 1, 2, 3);
  assert.equal(decodeImage(stray).data, decodeImage(jpeg).data);
});

/** The grey picture with its frame header changed. */
function withFrame(change: (frame: Uint8Array) => void): Uint8Array {
  const jpeg = bytesOf('grey');
  const at = Buffer.from(jpeg).indexOf(Buffer.from([0xff, 0xc0]));
  change(jpeg.subarray(at));
  return jpeg;
}

const broken: [name: string, bytes: Uint8Array, message: RegExp][] = [
  ['only a start', Uint8Array.of(0xff, 0xd8), /truncated JPEG: the data ends at byte 2/],
  ['no frame', Uint8Array.of(0xff, 0xd8, 0xff, 0xd9), /no frame header/],
  ['lossless', withFrame((frame) => (frame[1] = 0xc3)), /lossless JPEG is not supported/],
  ['arithmetic', withFrame((frame) => (frame[1] = 0xc9)), /arithmetically coded JPEG is not supported/],
  ['12 bits', withFrame((frame) => (frame[4] = 12)), /12 bits per sample/],
  ['no height', withFrame((frame) => frame.fill(0, 5, 7)), /17×0/],
  ['too large', withFrame((frame) => frame.fill(0xff, 5, 9)), /too large: 65535×65535/],
  ['more blocks than bytes', withFrame((frame) => (frame[5] = 0x7f)), /bytes cannot hold 17×32521 pixels/],
  [
    'more progressive blocks than bytes',
    withFrame((frame) => frame.set([0xc2, 0, 11, 8, 0x27, 0x10, 0x27, 0x10], 1)),
    /bytes cannot hold 10000×10000 pixels/,
  ],
  ['two components', withFrame((frame) => (frame[9] = 2)), /frame header is too short|2 components/],
];

for (const [name, bytes, message] of broken) {
  test(`refused: ${name}`, () => assert.match(refusal(bytes)?.message ?? 'decoded', message));
}

test.run();
