// CLIP's preprocessing of a small picture of every mode, against what Pillow makes of it (see golden/README.md).
import { readFileSync } from 'node:fs';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { crc32 } from '../src/png/read-png-chunks.ts';
import { preprocessedRgb } from './preprocessed-rgb.ts';

interface Golden {
  name: string;
  /** Pillow's mode of the open file. */
  mode: string;
  file: string;
  rgb8: string;
  crc30: number;
}

const test = suite('preprocess goldens');
const { pictures } = JSON.parse(readFileSync(new URL('golden/goldens.json', import.meta.url), 'utf8')) as {
  pictures: Golden[];
};

for (const { name, mode, file, rgb8, crc30 } of pictures) {
  test(`${name} (mode ${mode})`, () => {
    const bytes = new Uint8Array(Buffer.from(file, 'base64'));
    assert.equal([...preprocessedRgb(bytes, 8)], [...Buffer.from(rgb8, 'base64')]);
    assert.is(crc32(preprocessedRgb(bytes, 30)), crc30);
  });
}

test('every mode that Pillow opens PNG and JPEG in is among them', () => {
  const modes = new Set(pictures.map(({ mode }) => mode));
  assert.equal([...modes].sort(), ['1', 'CMYK', 'I;16', 'L', 'LA', 'P', 'RGB', 'RGBA']);
});

test.run();
