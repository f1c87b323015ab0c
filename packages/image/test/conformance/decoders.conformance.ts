// Decoding and preprocessing of real files: bit for bit what Pillow, torch and PngSuite's checksums say.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { clipPreprocess } from '../../src/clip-preprocess.ts';
import { decodeImage } from '../../src/decode-image.ts';
import { ImageError } from '../../src/decoded-image.ts';
import { crc32 } from '../../src/png/read-png-chunks.ts';
import { alphaFromTransparency, withAlpha } from './alpha-from-transparency.ts';
import { cocoMiniChecksums, reftestChecksums } from './pillow-checksums.ts';

const folder =
  process.env.FOREWORD_TEST_DATA ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
const goldenFolder = join(folder, '../golden');

/** A suite over some folders that says so when it has to be skipped. */
function onData(name: string, needed: string[], fill: (test: ReturnType<typeof suite>) => void): void {
  const test = suite(name);
  const missing = needed.find((path) => !existsSync(path));
  if (missing === undefined) fill(test);
  else console.log(`SKIPPED ${name}: ${missing} does not exist (set FOREWORD_TEST_DATA)`);
  test.run();
}

const checksumOf = (path: string): number => crc32(decodeImage(readFileSync(path)).data);

/** The tensors of a safetensors file: u64 header length, JSON header, raw little-endian data. */
function readSafetensors(path: string): {
  metadata: Record<string, string>;
  tensors: Map<string, Float32Array>;
} {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...entries } = JSON.parse(bytes.toString('utf8', 8, start));
  const tensors = new Map<string, Float32Array>();
  for (const [name, entry] of Object.entries(entries)) {
    const { dtype, data_offsets: offsets } = entry as { dtype: string; data_offsets: [number, number] };
    if (dtype !== 'F32') continue;
    const copy = Uint8Array.from(bytes.subarray(start + offsets[0], start + offsets[1]));
    tensors.set(name, new Float32Array(copy.buffer));
  }
  return { metadata, tensors };
}

onData('photos', [join(folder, 'photos'), goldenFolder], (test) => {
  for (const model of ['clip-tiny', 'clip-vit-b-32']) {
    const { metadata, tensors } = readSafetensors(join(goldenFolder, `${model}.safetensors`));
    const size: number = JSON.parse(metadata.config).image_resolution;
    const photos = [...tensors.keys()].flatMap(
      (name) => /^image\/(.*)\.pixels_center$/.exec(name)?.[1] ?? [],
    );

    test(`${model} lists four photographs`, () => assert.is(photos.length, 4));

    for (const photo of photos) {
      test(`${photo} preprocessed for ${model} equals torch's pixels`, () => {
        const pixels = clipPreprocess(readFileSync(join(folder, 'photos', photo)), size);
        const centre = tensors.get(`image/${photo}.pixels_center`) as Float32Array;
        const means = tensors.get(`image/${photo}.pixels_mean`) as Float32Array;
        const from = size / 2 - 8;
        for (let c = 0; c < 3; c++) {
          const channel = pixels.subarray(c * size * size, (c + 1) * size * size);
          for (let y = 0; y < 16; y++) {
            const row = channel.subarray((from + y) * size + from, (from + y) * size + from + 16);
            assert.equal(
              row,
              centre.subarray((c * 16 + y) * 16, (c * 16 + y) * 16 + 16),
              `channel ${c} row ${y}`,
            );
          }
          const mean = channel.reduce((sum, value) => sum + value, 0) / channel.length;
          assert.ok(Math.abs(mean - means[c]) < 1e-6, `mean of channel ${c}: ${mean}, torch ${means[c]}`);
        }
      });
    }
  }

  test("CLIP.png has the means and deviations of OpenAI's preprocessing", () => {
    const pixels = clipPreprocess(readFileSync(join(folder, 'photos/CLIP.png')));
    const statistics = [0, 1, 2].map((c) => {
      const channel = pixels.subarray(c * 224 * 224, (c + 1) * 224 * 224);
      const mean = channel.reduce((sum, value) => sum + value, 0) / channel.length;
      const variance = channel.reduce((sum, value) => sum + (value - mean) ** 2, 0) / channel.length;
      return `${mean.toFixed(4)} ${Math.sqrt(variance).toFixed(4)}`;
    });
    assert.equal(statistics, ['-0.4584 1.6459', '-0.3723 1.6962', '-0.1477 1.6390']);
  });
});

const cocoMini = join(folder, 'coco-mini');
onData('coco-mini', [cocoMini], (test) => {
  for (const [split, expected] of Object.entries(cocoMiniChecksums)) {
    test(`${split}: every photograph's pixels equal Pillow's`, () => {
      const names = readdirSync(join(cocoMini, split)).sort();
      assert.ok(names.length > 20, `${names.length} files`);
      const lines = names.map((name) => `${name} ${checksumOf(join(cocoMini, split, name))}\n`).join('');
      assert.is(crc32(new TextEncoder().encode(lines)), expected);
    });
  }
});

const reftest = join(folder, 'decoders/jpeg/reftest/images');
onData('decoders/jpeg/reftest', [reftest], (test) => {
  for (const [path, expected] of Object.entries(reftestChecksums)) {
    test(`${path} equals Pillow's pixels`, () => assert.is(checksumOf(join(reftest, path)), expected));
  }

  test('lossless JPEG is refused by name', () => {
    assert.throws(
      () => checksumOf(join(reftest, 'lossless/1/jpeg_lossless_sel1.jpg')),
      /lossless JPEG is not supported/,
    );
  });

  test('a scan without its data is refused, which Pillow papers over', () => {
    assert.throws(() => checksumOf(join(reftest, 'partial_progressive.jpg')), /a scan ends early/);
  });
});

// Two of the broken files are whole pictures that only upset the decoder they were collected for.
const wholeAfterAll = ['d22db5be7594c17a18a047ca9264ea0a.jpg', 'extraneous-bytes-after-sos.jpg'];

const brokenJpegs = join(folder, 'decoders/jpeg/broken');
onData('decoders/jpeg/broken', [brokenJpegs], (test) => {
  test('each ends in an ImageError that names the file', () => {
    const accepted: string[] = [];
    for (const name of readdirSync(brokenJpegs).sort()) {
      try {
        decodeImage(readFileSync(join(brokenJpegs, name)), { file: name });
        accepted.push(name);
      } catch (error) {
        assert.instance(error, ImageError, `${name}: ${String(error)}`);
        const { message } = error as ImageError;
        assert.ok(message.startsWith(`${name}: `));
        // a cause of the decoder's own, and what to do
        assert.match(
          message,
          /: (truncated|damaged|broken|the picture is empty).*again$|is not supported: save|raise maxPixels/,
        );
      }
    }
    assert.equal(accepted, wholeAfterAll);
  });
});

// Pixel chunks with another chunk between them: against the specification, but nothing is missing.
const toleratedPngs = ['bugfixes/x_consecutive_idat.png'];

const pngs = join(folder, 'decoders/png');
onData('decoders/png', [pngs], (test) => {
  const lines = readFileSync(join(pngs, 'results.txt'), 'utf8').trim().split('\n');
  const expected = lines.flatMap((line) => {
    const [, path, result] = /^tests\/(.*): (.*)$/.exec(line) ?? [];
    return existsSync(join(pngs, path)) ? [{ path, result }] : [];
  });

  test('8-bit pixels have the checksums of results.txt', () => {
    let compared = 0;
    let transparent = 0;
    for (const { path, result } of expected) {
      if (result === 'Expected failure') continue;
      const bytes = readFileSync(join(pngs, path));
      // the list has an alpha channel made from tRNS, which is ignored here as in Pillow
      const { data } = decodeImage(bytes);
      const alpha = alphaFromTransparency(bytes);
      assert.is(String(crc32(alpha ? withAlpha(data, alpha) : data)), result, path);
      compared++;
      if (alpha) transparent++;
    }
    console.log(`PNG: ${compared} compared, ${transparent} of them with an alpha channel from tRNS`);
    assert.is(compared, 173);
    assert.is(transparent, 12);
  });

  test('broken PNGs end in an ImageError', () => {
    const accepted: string[] = [];
    for (const { path } of expected.filter(({ result }) => result === 'Expected failure')) {
      try {
        decodeImage(readFileSync(join(pngs, path)));
        accepted.push(path);
      } catch (error) {
        assert.instance(error, ImageError, `${path}: ${String(error)}`);
      }
    }
    assert.equal(accepted, toleratedPngs);
  });
});
