// Resizing and cropping against what Pillow and torchvision give.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { centreCrop, centreRegion, roundHalfToEven } from '../src/centre-crop.ts';
import { grey16Image, ImageError, type DecodedImage } from '../src/decoded-image.ts';
import { crc32 } from '../src/png/read-png-chunks.ts';
import { resizeBicubic } from '../src/resize-bicubic.ts';
import { toRgb } from '../src/to-rgb.ts';

const test = suite('resize bicubic');

/** 5 rows of 7 grey values, (17ij + 31i + 7j) mod 256. */
const grey: DecodedImage = {
  width: 7,
  height: 5,
  channels: 1,
  data: Uint8Array.from({ length: 35 }, (_, at) => {
    const [i, j] = [Math.floor(at / 7), at % 7];
    return (17 * i * j + 31 * i + 7 * j) % 256;
  }),
};

test('bicubic, smaller', () => {
  const { data } = resizeBicubic(grey, { width: 4, height: 3 });
  assert.equal([...data], [16, 41, 70, 91, 81, 141, 142, 93, 147, 100, 117, 153]);
});

test('bicubic, larger', () => {
  const { data, width } = resizeBicubic(grey, { width: 10, height: 8 });
  assert.equal([...data.subarray(0, width)], [0, 0, 5, 9, 14, 17, 21, 25, 30, 32]);
  assert.equal([...data.subarray(width, 2 * width)], [10, 16, 27, 36, 45, 53, 63, 82, 96, 101]);
});

/** A picture of a fixed pattern; Pillow 12.3 gave the checksums below for the same bytes. */
function pattern(channels: DecodedImage['channels'], cmyk = false): DecodedImage {
  const [width, height] = [23, 17];
  const data = Uint8Array.from(
    { length: width * height * channels },
    (_, at) => ((at * 2654435761) >>> 13) & 255,
  );
  return { width, height, channels, data, cmyk };
}

const checksums: [name: string, image: DecodedImage, smaller: number, larger: number, smallerRgb: number][] =
  [
    ['L', pattern(1), 3042519200, 3495261084, 2849685250],
    ['LA', pattern(2), 505866824, 3956856001, 3436513926],
    ['RGB', pattern(3), 2699387386, 737591886, 2699387386],
    ['RGBA', pattern(4), 3855427996, 683055333, 2817333281],
    ['CMYK', pattern(4, true), 3913226750, 2514423903, 1229923614],
  ];

for (const [name, image, smaller, larger, smallerRgb] of checksums) {
  test(`bicubic and RGB of mode ${name} equal Pillow's`, () => {
    const small = resizeBicubic(image, { width: 9, height: 6 });
    assert.is(crc32(small.data), smaller);
    assert.is(crc32(resizeBicubic(image, { width: 40, height: 31 }).data), larger);
    assert.is(crc32(toRgb(small).data), smallerRgb);
  });
}

test('invisible pixels do not colour visible ones', () => {
  const data = Uint8Array.of(200, 100, 50, 255, 0, 255, 0, 0);
  const image: DecodedImage = { width: 2, height: 1, channels: 4, data };
  const [red, green, blue, alpha] = resizeBicubic(image, { width: 1, height: 1 }).data;
  assert.is(alpha, 128);
  assert.ok(
    Math.abs(red - 200) <= 1 && Math.abs(green - 100) <= 1 && Math.abs(blue - 50) <= 1,
    `${red} ${green} ${blue}`,
  );
});

test('its own size is a copy, also with alpha', () => {
  const image = pattern(4);
  const copy = resizeBicubic(image, { width: 23, height: 17 });
  assert.equal(copy.data, image.data);
  assert.is.not(copy.data, image.data);
});

/** 16-bit grey of a fixed pattern. */
const wide = grey16Image(
  23,
  17,
  Uint16Array.from({ length: 23 * 17 }, (_, at) => (at * 2654435761) >>> 13),
);

test('a region is what cropping the whole gives', () => {
  for (const image of [pattern(3), pattern(4), { ...pattern(3), indexed: true }, wide]) {
    const size = { width: 31, height: 12 };
    const region = centreRegion(size, { width: 12, height: 9 });
    assert.equal(
      resizeBicubic(image, size, { region }),
      centreCrop(resizeBicubic(image, size), { width: 12, height: 9 }),
    );
  }
});

test('pictures from a palette keep their colours, 16-bit grey keeps its bits', () => {
  const image = { ...pattern(1), indexed: true };
  const colours = new Set(image.data);
  const { data, indexed } = resizeBicubic(image, { width: 31, height: 40 });
  assert.is(indexed, true);
  assert.ok(data.every((colour) => colours.has(colour)));

  const { data: high, grey16 } = resizeBicubic(wide, { width: 9, height: 6 });
  assert.equal(
    [...high],
    [...(grey16 ?? [])].map((sample) => sample >> 8),
  );
  assert.ok(grey16?.some((sample) => sample & 255));
  assert.is(
    toRgb(wide).data.filter((sample) => sample < 255).length,
    3 * [...(wide.grey16 ?? [])].filter((sample) => sample < 255).length,
  );
});

test("the crop splits an odd margin as Python's round does", () => {
  assert.equal([0.5, 1.5, 2.5, 55.5, 54.5, 3.2, 3.7, 4].map(roundHalfToEven), [0, 2, 2, 56, 54, 3, 4, 4]);
  // 640×427 becomes 335×224 and CLIP.png 635×224
  assert.is(centreRegion({ width: 335, height: 224 }, { width: 224, height: 224 }).left, 56);
  assert.is(centreRegion({ width: 635, height: 224 }, { width: 224, height: 224 }).left, 206);
});

test('the crop takes the middle', () => {
  const { data } = centreCrop(grey, { width: 2, height: 3 });
  const at = (i: number, j: number): number => grey.data[7 * i + j];
  assert.equal([...data], [at(1, 2), at(1, 3), at(2, 2), at(2, 3), at(3, 2), at(3, 3)]);
});

test('impossible sizes are refused', () => {
  const refused = (run: () => unknown, message: RegExp): void =>
    assert.throws(run, (error: unknown) => error instanceof ImageError && message.test(error.message));
  refused(() => resizeBicubic(grey, { width: 0, height: 3 }), /cannot make a picture of 0×3/);
  refused(() => resizeBicubic(grey, { width: 2.5, height: 3 }), /2\.5×3/);
  refused(
    () => resizeBicubic(grey, { width: 4, height: 4 }, { region: { left: 1, top: 0, width: 4, height: 4 } }),
    /region leaves/,
  );
  refused(() => centreCrop(grey, { width: 8, height: 2 }), /8×2 does not fit into a picture of 7×5/);
});

test.run();
