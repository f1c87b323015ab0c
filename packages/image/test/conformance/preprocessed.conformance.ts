// CLIP's preprocessing of every PNG and JPEG of the decoder suites, each in its own mode, against Pillow's.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { ImageError } from '../../src/decoded-image.ts';
import { crc32 } from '../../src/png/read-png-chunks.ts';
import { preprocessedRgb } from '../preprocessed-rgb.ts';

const folder =
  process.env.FOREWORD_TEST_DATA ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
const { checksums } = JSON.parse(
  readFileSync(new URL('pillow-preprocessed.json', import.meta.url), 'utf8'),
) as { checksums: Record<string, number | null> };

function ours(path: string): number | null {
  try {
    return crc32(preprocessedRgb(readFileSync(join(folder, path)), 32));
  } catch (error) {
    assert.instance(error, ImageError, `${path}: ${String(error)}`);
    return null;
  }
}

// The only files that one of the two refuses.
const differently: Record<string, string> = {
  // lossless JPEG, of which Pillow reads 8 bits
  'decoders/jpeg/reftest/images/lossless/1/jpeg_lossless_sel1-8bit.jpg': 'refused here',
  // scans cut short, which Pillow fills up
  'decoders/jpeg/reftest/images/partial_progressive.jpg': 'refused here',
  // an unusual chunk before the pixels, nothing wrong with them
  'decoders/png/bugfixes/cicp_pq.png': 'refused by Pillow',
  'decoders/png/bugfixes/issue#430.png': 'refused by Pillow',
  // another chunk between those of the pixels
  'decoders/png/bugfixes/x_consecutive_idat.png': 'refused by Pillow',
  // wrong checksums of the pixels, which are expected to be refused by the suite's list too
  'decoders/png/bugfixes/x_interlaced_chck.png': 'refused here',
  'decoders/png/pngsuite/xcsn0g01.png': 'refused here',
};

const test = suite('preprocessed like Pillow', { timeLimitSeconds: 300 });
if (existsSync(folder)) {
  test('every file gives the pixels that Pillow gives, or is refused by both', () => {
    const differing: Record<string, string> = {};
    let same = 0;
    for (const [path, expected] of Object.entries(checksums)) {
      const got = ours(path);
      if (got === expected) same++;
      else if (got === null) differing[path] = 'refused here';
      else differing[path] = expected === null ? 'refused by Pillow' : 'other pixels';
    }
    console.log(`  ${same} of ${Object.keys(checksums).length} the same`);
    assert.equal(differing, differently);
  });
} else {
  console.log(`SKIPPED preprocessed like Pillow: ${folder} does not exist (set FOREWORD_TEST_DATA)`);
}
test.run();
