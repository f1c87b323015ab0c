// Damaged pictures of every kind: pixels, or an ImageError with a reason of its own; never a crash, and never a hang.
import { readFileSync } from 'node:fs';
import { mutateBytes, randomFrom, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { clipPreprocess } from '../src/clip-preprocess.ts';
import { ImageError } from '../src/decoded-image.ts';
import { crc32 } from '../src/png/read-png-chunks.ts';

const test = suite('picture fuzz');

const { pictures } = JSON.parse(readFileSync(new URL('golden/goldens.json', import.meta.url), 'utf8')) as {
  pictures: { name: string; file: string }[];
};
const files = pictures.map(({ name, file }) => ({
  name,
  bytes: new Uint8Array(Buffer.from(file, 'base64')),
}));

const casesPerFile = 80;

/** Whether the file was refused. Anything but pixels or a reason that a decoder gives fails the test. */
function isRefused(bytes: Uint8Array, what: string): boolean {
  try {
    const pixels = clipPreprocess(bytes, 8, { file: 'x' });
    assert.ok(
      pixels.every((value) => Number.isFinite(value)),
      what,
    );
    return false;
  } catch (error) {
    if (!(error instanceof ImageError)) throw new Error(`${what}: ${String(error)}`, { cause: error });
    assert.match(error.message, /^x: ./, what);
    // the frame around exceptions that no decoder foresaw
    assert.not.match(error.message, /the picture cannot be decoded/, what);
    return true;
  }
}

/** The PNG with the checksums of its chunks made right, so that damage gets past them. */
function withRightChecksums(png: Uint8Array): Uint8Array {
  const out = png.slice();
  const view = new DataView(out.buffer);
  for (let at = 8; at + 12 <= out.length;) {
    const end = at + 12 + view.getUint32(at);
    if (end > out.length) break;
    view.setUint32(end - 4, crc32(out.subarray(at + 4, end - 4)));
    at = end;
  }
  return out;
}

const kinds: [kind: string, chosen: typeof files, repair: (bytes: Uint8Array) => Uint8Array][] = [
  ['PNG', files.filter(({ bytes }) => bytes[0] === 0x89), (bytes) => bytes],
  ['PNG with right checksums', files.filter(({ bytes }) => bytes[0] === 0x89), withRightChecksums],
  ['JPEG', files.filter(({ bytes }) => bytes[0] === 0xff), (bytes) => bytes],
];

for (const [kind, chosen, repair] of kinds) {
  test(`${kind}: damage ends in pixels or in an ImageError`, () => {
    const random = randomFrom(kind.length);
    // as many cases of the few JPEGs as of the PNGs
    const cases = Math.round((casesPerFile * files.length) / chosen.length);
    let refused = 0;
    for (const { name, bytes } of chosen) {
      for (let n = 0; n < cases; n++)
        if (isRefused(repair(mutateBytes(bytes, random)), `${name}, case ${n}`)) refused++;
    }
    const all = chosen.length * cases;
    assert.ok(all > 3000, `only ${all} cases`);
    assert.ok(refused > all / 10 && refused < all, `${refused} of ${all} refused`);
  });
}

test('random bytes after a signature are refused', () => {
  const random = randomFrom(5);
  for (const start of [files[0].bytes.subarray(0, 16), Uint8Array.of(0xff, 0xd8, 0xff)]) {
    for (let n = 0; n < 500; n++) {
      const noise = Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256));
      assert.ok(isRefused(Uint8Array.of(...start, ...noise), `case ${n}`));
    }
  }
});

test.run();
