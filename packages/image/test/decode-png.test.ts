// PNG decoding: every colour type, depth and interlacing; a clear error for everything that is broken.
import { deflateSync } from 'node:zlib';
import { encode } from 'fast-png';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { decodeImage } from '../src/decode-image.ts';
import { ImageError } from '../src/decoded-image.ts';
import { buildPng, chunk, header, type PngPlan, pngSignature } from './build-png.ts';

const test = suite('decode png');

const sizes = [
  [13, 11],
  [1, 1],
  [3, 9],
];

const kinds: [colourType: PngPlan['colourType'], depths: number[], channels: number][] = [
  [0, [1, 2, 4, 8, 16], 1],
  [2, [8, 16], 3],
  [3, [1, 2, 4, 8], 1],
  [4, [8, 16], 2],
  [6, [8, 16], 4],
];

const paletteByte = (i: number): number => (i * 89 + 7) & 255;

for (const [colourType, depths, samples] of kinds) {
  for (const depth of depths) {
    for (const interlaced of [false, true]) {
      test(`PNG colour type ${colourType}, ${depth} bits${interlaced ? ', interlaced' : ''}`, () => {
        for (const [width, height] of sizes) {
          const sample = (x: number, y: number, c: number): number =>
            (x * 37 + y * 1009 + c * 5003 + x * y) % 2 ** depth;
          const palette = Array.from({ length: 3 * 2 ** depth }, (_, i) => paletteByte(i));
          const plan: PngPlan = { width, height, depth, colourType, interlaced, sample };
          const image = decodeImage(buildPng(colourType === 3 ? { ...plan, palette } : plan));
          const channels = colourType === 3 ? 3 : samples;
          assert.equal([image.width, image.height, image.channels], [width, height, channels]);
          const expected: number[] = [];
          for (let y = 0; y < height; y++) {
            for (let x = 0; x < width; x++) {
              for (let c = 0; c < channels; c++) {
                if (colourType === 3) expected.push(paletteByte(3 * sample(x, y, 0) + c));
                else if (depth === 16) expected.push(sample(x, y, c) >> 8);
                else expected.push((sample(x, y, c) * 255) / (2 ** depth - 1));
              }
            }
          }
          assert.equal([...image.data], expected);
          assert.is(image.indexed ?? false, colourType === 3 || depth === 1);
          if (colourType === 0 && depth === 16) {
            const at = (i: number): number => sample(i % width, Math.floor(i / width), 0);
            assert.equal(
              [...(image.grey16 ?? [])],
              Array.from({ length: width * height }, (_, i) => at(i)),
            );
          } else {
            assert.is(image.grey16, undefined);
          }
        }
      });
    }
  }
}

const small: PngPlan = {
  width: 9,
  height: 7,
  depth: 8,
  colourType: 2,
  sample: (x, y, c) => (x * 20 + y * 9 + c * 80) & 255,
};

test('reads what another encoder writes', () => {
  const data = Uint8Array.from({ length: 5 * 4 * 4 }, (_, i) => (i * 31) & 255);
  for (const interlace of ['null', 'Adam7'] as const) {
    const image = decodeImage(encode({ width: 5, height: 4, channels: 4, depth: 8, data }, { interlace }));
    assert.equal([...image.data], [...data]);
  }
});

test('a transparent colour and broken chunks that do not matter are passed over', () => {
  const extra: PngPlan['extra'] = [
    ['tRNS', Uint8Array.of(0, 0, 0, 0, 0, 80)],
    ['iCCP', Uint8Array.of(1, 2, 3)],
    ['tEXt', new Uint8Array(0)],
  ];
  assert.equal(decodeImage(buildPng({ ...small, extra })), decodeImage(buildPng(small)));
});

test('a palette index without an entry is black', () => {
  const plan: PngPlan = {
    width: 2,
    height: 1,
    depth: 8,
    colourType: 3,
    sample: (x) => x * 9,
    palette: [5, 6, 7],
  };
  assert.equal([...decodeImage(buildPng(plan)).data], [5, 6, 7, 0, 0, 0]);
});

test('bytes inside a larger buffer', () => {
  const png = buildPng(small);
  const padded = new Uint8Array(png.length + 20);
  padded.set(png, 11);
  assert.equal(decodeImage(padded.subarray(11, 11 + png.length)), decodeImage(png));
});

test('cut short anywhere, it is refused as an ImageError', () => {
  const png = buildPng(small);
  for (let length = 0; length < png.length - 4; length++) {
    try {
      decodeImage(png.subarray(0, length), { file: 'cut.png' });
      assert.unreachable(`${length} of ${png.length} bytes were accepted`);
    } catch (error) {
      assert.instance(error, ImageError, `${length} bytes: ${String(error)}`);
      assert.match((error as ImageError).message, /^cut\.png: /);
    }
  }
});

test('a changed byte in header, palette or pixels is noticed', () => {
  const png = buildPng(small);
  // from the first byte of IHDR's body to the last of the second IDAT's checksum
  for (let at = 16; at < png.length - 12; at++) {
    const changed = png.slice();
    changed[at] ^= 0x10;
    assert.throws(
      () => decodeImage(changed),
      (error: unknown) => error instanceof ImageError,
      `byte ${at}`,
    );
  }
});

const file = (...chunks: Uint8Array[]): Uint8Array =>
  Buffer.concat([pngSignature, ...chunks, chunk('IEND', Buffer.alloc(0))]);
const idat = (...bytes: number[]): Buffer => chunk('IDAT', deflateSync(Uint8Array.from(bytes)));

const broken: [name: string, bytes: Uint8Array, message: RegExp][] = [
  ['no header', file(idat(0)), /before the header/],
  ['only an end', file(), /no header/],
  ['no pixels', file(header(small)), /holds no pixels/],
  ['no palette', file(header({ ...small, colourType: 3 }), idat(0)), /palette is missing/],
  ['3 bits', file(header({ ...small, depth: 3 })), /3 bits per sample does not exist/],
  ['no width', file(header({ ...small, width: 0 })), /0×7/],
  ['too large', file(header({ ...small, width: 60_000, height: 60_000 })), /too large: 60000×60000/],
  [
    'far too few bytes',
    file(header({ ...small, width: 9000, height: 9000 }), idat(0)),
    /truncated PNG: its pixels take/,
  ],
  [
    'too few rows',
    file(header(small), idat(0, 1, 2)),
    /truncated PNG: its pixels take 196 bytes, the file holds 3/,
  ],
  ['a filter 9', file(header({ ...small, width: 1, height: 1 }), idat(9, 1, 2, 3)), /filter 9/],
  ['no zlib stream', file(header(small), chunk('IDAT', Buffer.alloc(40, 7))), /do not unpack/],
  ['GIF', Buffer.from('GIF89a........'), /GIF is not supported/],
  ['text', Buffer.from('<!doctype html>'), /not a picture/],
  ['unknown', Buffer.from('????'), /this format is not supported/],
  ['empty', new Uint8Array(0), /file is empty/],
];

for (const [name, bytes, message] of broken) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => decodeImage(bytes),
      (error: unknown) => error instanceof ImageError && message.test(error.message),
    );
  });
}

test('the largest size can be set', () => {
  assert.throws(() => decodeImage(buildPng(small), { maxPixels: 62 }), /more than 62 pixels/);
  assert.is(decodeImage(buildPng(small), { maxPixels: 63 }).width, 9);
});

test.run();
