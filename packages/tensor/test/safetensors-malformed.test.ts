// Safetensors files that must be refused, each with its message.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { bytesSource, openSafetensors, writeSafetensors } from '../src/safetensors/index.ts';
import { f32Entry, fileOf, rejects } from './safetensors-samples.ts';

const malformed = suite('safetensors malformed');
const hugeHeader = new Uint8Array(64);
new DataView(hugeHeader.buffer).setBigUint64(0, 100_000_001n, true);
const longHeader = fileOf({ w: f32Entry(0, 4) }, 4);
new DataView(longHeader.buffer).setBigUint64(0, 5000n, true);
const ascii = (text: string) => new TextEncoder().encode(text);

const cases: [string, Uint8Array, RegExp][] = [
  ['an empty file', new Uint8Array(0), /^x: 0 bytes are too few/],
  ['seven bytes', new Uint8Array(7), /^x: 7 bytes are too few/],
  ['a header over 100 MB', hugeHeader, /header of 100000001 bytes is over the limit of 100000000/],
  [
    'a header longer than the file',
    longHeader,
    /header should have 5000 bytes, but the file has \d+ in all; it is truncated/,
  ],
  [
    'a Git LFS pointer',
    ascii('version https://git-lfs.github.com/spec/v1\noid sha256:…'),
    /Git LFS pointer.*git lfs pull/,
  ],
  ['a web page', ascii('<!DOCTYPE html><html></html>'), /HTML page/],
  ['a PyTorch file', Uint8Array.from([0x50, 0x4b, 3, 4, 0, 0, 8, 8, 0, 0]), /ZIP archive/],
  ['a header that is no JSON', fileOf('{"w":'), /header is no valid JSON \(/],
  ['an empty header', fileOf(''), /header is no valid JSON/],
  [
    'a header that is no UTF-8',
    (() => {
      const bytes = fileOf('{"w":1}');
      bytes[10] = 0xff;
      return bytes;
    })(),
    /header is no valid JSON \(/,
  ],
  ['an array as header', fileOf('[]'), /header is no JSON object/],
  [
    'metadata that are no strings',
    fileOf({ __metadata__: { step: 3 } }),
    /"__metadata__" must be an object of strings/,
  ],
  ['an entry that is no object', fileOf({ w: 4 }), /tensor "w": the entry is no JSON object/],
  [
    'an unknown dtype',
    fileOf({ w: { ...f32Entry(0, 4), dtype: 'F128' } }, 4),
    /tensor "w": unknown dtype "F128"; known are BOOL/,
  ],
  [
    'a dtype from the prototype',
    fileOf({ w: { ...f32Entry(0, 4), dtype: 'toString' } }, 4),
    /unknown dtype "toString"/,
  ],
  ['a negative size', fileOf({ w: f32Entry(0, 4, [-1]) }, 4), /tensor "w": shape \[-1\] is no list of sizes/],
  ['a fractional size', fileOf({ w: f32Entry(0, 4, [1.5]) }, 4), /shape \[1\.5\] is no list/],
  ['no shape', fileOf({ w: { dtype: 'F32', data_offsets: [0, 4] } }, 4), /shape undefined is no list/],
  [
    'reversed offsets',
    fileOf({ w: { dtype: 'F32', shape: [1], data_offsets: [4, 0] } }, 4),
    /data_offsets \[4,0\] are no \[begin, end\]/,
  ],
  [
    'three offsets',
    fileOf({ w: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 8] } }, 4),
    /data_offsets \[0,4,8\] are no/,
  ],
  [
    'a size that is not shape times width',
    fileOf({ w: f32Entry(0, 8, [3]) }, 8),
    /tensor "w": F32 \[3\] takes 12 bytes, but data_offsets \[0, 8\] hold 8/,
  ],
  [
    'a product beyond all integers',
    fileOf({ w: f32Entry(0, 4, [2 ** 40, 2 ** 40]) }, 4),
    /tensor "w": F32 \[\d+, \d+\] takes/,
  ],
  [
    'overlap',
    fileOf({ a: f32Entry(0, 8), b: f32Entry(4, 12) }, 12),
    /tensor "b": its data overlap those of tensor "a" by 4 bytes/,
  ],
  [
    'the same bytes twice',
    fileOf({ a: f32Entry(0, 8), b: f32Entry(0, 8) }, 8),
    /tensor "b": its data overlap those of tensor "a" by 8 bytes/,
  ],
  [
    'a hole',
    fileOf({ a: f32Entry(0, 4), b: f32Entry(8, 12) }, 12),
    /tensor "b": 4 bytes between it and tensor "a" belong to no tensor/,
  ],
  ['a hole at the start', fileOf({ a: f32Entry(4, 8) }, 8), /tensor "a": 4 bytes between it and the header/],
  [
    'bytes after the last tensor',
    fileOf({ a: f32Entry(0, 4) }, 7),
    /3 bytes after tensor "a" belong to no tensor/,
  ],
  ['bytes after no tensor', fileOf({}, 1), /1 bytes after the header belong to no tensor/],
  [
    'a truncated file',
    fileOf({ b: f32Entry(4, 12), a: f32Entry(0, 4) }, 9),
    /tensor "b": the file is truncated: its header speaks of \d+ bytes, there are \d+/,
  ],
  [
    'a name twice',
    fileOf(
      '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      4,
    ),
    /tensor "w": the name occurs twice/,
  ],
  [
    'a name twice in two spellings',
    fileOf(
      '{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0077":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
    ),
    /tensor "w": the name occurs twice/,
  ],
];

for (const [what, bytes, message] of cases) {
  malformed(what, () => rejects(() => openSafetensors(bytesSource(bytes, 'x')), message));
}

malformed('names that only look repeated are fine', async () => {
  const header = {
    dtype: f32Entry(0, 4),
    shape: f32Entry(4, 8),
    'a"},{"dtype': f32Entry(8, 12),
    '\\': f32Entry(12, 16),
    __proto__x: f32Entry(16, 20),
  };
  const file = await openSafetensors(bytesSource(fileOf(header, 20)));
  assert.equal(file.names(), ['dtype', 'shape', 'a"},{"dtype', '\\', '__proto__x']);
});

malformed('a tensor named __proto__ is a tensor', async () => {
  const file = await openSafetensors(
    bytesSource(fileOf('{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1)),
  );
  assert.equal(file.names(), ['__proto__']);
});

malformed(
  'any truncation and any changed header byte ends in an error or in valid tensors, never in a hang',
  async () => {
    const bytes = writeSafetensors([
      { name: 'a', dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) },
      { name: 'b', dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) },
    ]);
    for (let length = 0; length < bytes.length; length++)
      await rejects(() => openSafetensors(bytesSource(bytes.slice(0, length), 'x')), /^x: /);
    let refused = 0;
    for (let at = 0; at < bytes.length - 11; at++) {
      for (const flip of [0x01, 0x04, 0x10, 0x80]) {
        const changed = bytes.slice();
        changed[at] ^= flip;
        try {
          const file = await openSafetensors(bytesSource(changed, 'x'));
          for (const name of file.names())
            assert.is((await file.read(name)).data.byteLength, file.info(name).end - file.info(name).begin);
        } catch (error) {
          assert.is((error as Error).name, 'SafetensorsError', String(error));
          refused++;
        }
      }
    }
    assert.ok(refused > 300, `${refused} refused`);
  },
);

malformed('a source that shrinks after opening', async () => {
  const bytes = writeSafetensors([{ name: 'w', dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }]);
  let limit = bytes.length;
  const file = await openSafetensors({
    name: 'x',
    size: bytes.length,
    read: async (begin, end) => bytes.slice(begin, Math.min(end, limit)),
  });
  limit -= 3;
  await rejects(
    () => file.read('w'),
    /^x: tensor "w": bytes \d+ to \d+ were asked for, 5 came; the file is truncated or changed/,
  );
});

malformed.run();
