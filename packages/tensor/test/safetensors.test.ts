// Safetensors: round trips, conversions, ranges, shards, files and blobs.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { fileSource, openSafetensorsPath } from '../src/safetensors/file-source.node.ts';
import {
  blobSource,
  bytesSource,
  openSafetensors,
  openShardedSafetensors,
  writeSafetensors,
  type SafetensorsEntry,
} from '../src/safetensors/index.ts';
import { f32Entry, fileOf, rejects } from './safetensors-samples.ts';

const ENTRIES: SafetensorsEntry[] = [
  { name: 'f32', dtype: 'F32', shape: [2, 3], data: Float32Array.of(0, -1.5, 2, 3e38, NaN, -Infinity) },
  { name: 'f64', dtype: 'F64', shape: [2], data: Float64Array.of(0.1, -(2 ** 60)) },
  { name: 'f16', dtype: 'F16', shape: [3], data: Uint16Array.of(0x3c00, 0x0001, 0xfc00) },
  { name: 'bf16', dtype: 'BF16', shape: [3], data: Uint16Array.of(0x3f80, 0xc000, 0x7f80) },
  { name: 'i64', dtype: 'I64', shape: [3], data: BigInt64Array.of(-1n, 49407n, 0n) },
  { name: 'u64', dtype: 'U64', shape: [1], data: BigUint64Array.of(2n ** 63n) },
  { name: 'i32', dtype: 'I32', shape: [2], data: Int32Array.of(-(2 ** 31), 16777217) },
  { name: 'u32', dtype: 'U32', shape: [1], data: Uint32Array.of(4294967295) },
  { name: 'i16', dtype: 'I16', shape: [1], data: Int16Array.of(-300) },
  { name: 'u16', dtype: 'U16', shape: [1], data: Uint16Array.of(65535) },
  { name: 'i8', dtype: 'I8', shape: [1], data: Int8Array.of(-8) },
  { name: 'u8', dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) },
  { name: 'bool', dtype: 'BOOL', shape: [2], data: Uint8Array.of(0, 1) },
  { name: 'f8', dtype: 'F8_E4M3', shape: [1], data: Uint8Array.of(0x7e) },
  { name: 'scalar', dtype: 'F32', shape: [], data: Float32Array.of(7) },
  { name: 'empty', dtype: 'F32', shape: [0, 5], data: new Float32Array(0) },
  { name: 'näme "quoted" 10', dtype: 'F32', shape: [1], data: Float32Array.of(1) },
  { name: '10', dtype: 'F32', shape: [1], data: Float32Array.of(10) },
];

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const roundTrip = suite('safetensors round trip');

roundTrip('all dtypes, shapes, odd names and metadata come back', async () => {
  const file = await openSafetensors(
    bytesSource(writeSafetensors(ENTRIES, { format: 'pt', step: '12' }), 'mem'),
  );
  assert.equal(file.names().sort(), ENTRIES.map((entry) => entry.name).sort());
  assert.equal(file.metadata, { format: 'pt', step: '12' });
  for (const { name, dtype, shape, data } of ENTRIES) {
    const found = await file.read(name);
    assert.is(found.dtype, dtype);
    assert.equal(found.shape, shape);
    assert.equal(bytesOf(found.data), bytesOf(data), name); // bytes, because NaN equals nothing
    assert.is(file.info(name).end - file.info(name).begin, data.byteLength);
  }
});

roundTrip(
  'the bytes do not depend on the order of entries and metadata; data are aligned to their width',
  async () => {
    const bytes = writeSafetensors(ENTRIES, { a: '1', b: '2' });
    assert.equal(writeSafetensors([...ENTRIES].reverse(), { b: '2', a: '1' }), bytes);
    const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    assert.is(headerLength % 8, 0);
    const file = await openSafetensors(bytesSource(bytes));
    for (const { name, data } of ENTRIES) assert.is(file.info(name).begin % data.BYTES_PER_ELEMENT, 0, name);
  },
);

roundTrip('the layout is the format of the specification, byte for byte', () => {
  const bytes = writeSafetensors([
    { name: 'b', dtype: 'F32', shape: [1], data: Float32Array.of(1) },
    { name: 'a', dtype: 'U8', shape: [2], data: Uint8Array.of(7, 8) },
  ]);
  const json =
    '{"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}}';
  const padded = json.padEnd(Math.ceil(json.length / 8) * 8);
  assert.is(new DataView(bytes.buffer).getBigUint64(0, true), BigInt(padded.length));
  assert.is(new TextDecoder().decode(bytes.subarray(8, 8 + padded.length)), padded);
  assert.equal([...bytes.subarray(8 + padded.length)], [0, 0, 0x80, 0x3f, 7, 8]);
});

roundTrip('no tensors at all', async () => {
  const file = await openSafetensors(bytesSource(writeSafetensors([])));
  assert.equal(file.names(), []);
  assert.equal(file.metadata, {});
});

roundTrip('conversion to f32 and i32', async () => {
  const file = await openSafetensors(bytesSource(writeSafetensors(ENTRIES), 'm.safetensors'));
  assert.equal([...(await file.readAsF32('f16'))], [1, 2 ** -24, -Infinity]);
  assert.equal([...(await file.readAsF32('bf16'))], [1, -2, Infinity]);
  assert.equal([...(await file.readAsF32('f64'))], [Math.fround(0.1), -(2 ** 60)]);
  assert.equal([...(await file.readAsF32('i64'))], [-1, 49407, 0]);
  assert.equal([...(await file.readAsF32('bool'))], [0, 1]);
  assert.equal([...(await file.readAsF32('f32'))], [...(ENTRIES[0].data as Float32Array)]);
  assert.equal([...(await file.readAsI32('i64'))], [-1, 49407, 0]);
  assert.equal([...(await file.readAsI32('i16'))], [-300]);
  assert.equal([...(await file.readAsI32('i32'))], [-(2 ** 31), 16777217]);
  await rejects(
    () => file.readAsF32('i32'),
    /m\.safetensors: tensor "i32": element 1, I32 16777217, has no exact f32/,
  );
  await rejects(
    () => file.readAsI32('u64'),
    /tensor "u64": element 0, U64 9223372036854775808, has no exact i32/,
  );
  await rejects(() => file.readAsI32('u32'), /U32 4294967295, has no exact i32/);
  await rejects(() => file.readAsI32('f16'), /tensor "f16": F16 cannot be read as i32/);
  await rejects(() => file.readAsF32('f8'), /tensor "f8": F8_E4M3 cannot be read as f32/);
});

roundTrip('f32 data are rounded when written as f16 or bf16', async () => {
  const data = Float32Array.of(1, 1 / 3, 65520);
  const file = await openSafetensors(
    bytesSource(
      writeSafetensors([
        { name: 'h', dtype: 'F16', shape: [3], data },
        { name: 'b', dtype: 'BF16', shape: [3], data },
      ]),
    ),
  );
  assert.equal((await file.read('h')).data, Uint16Array.of(0x3c00, 0x3555, 0x7c00));
  assert.equal((await file.read('b')).data, Uint16Array.of(0x3f80, 0x3eab, 0x4780));
});

roundTrip('ranges of elements read only their bytes', async () => {
  const bytes = writeSafetensors([
    { name: 'w', dtype: 'F32', shape: [4, 2], data: Float32Array.from({ length: 8 }, (_, i) => i) },
  ]);
  const asked: [number, number][] = [];
  const source = bytesSource(bytes);
  const file = await openSafetensors({
    ...source,
    read: (begin, end) => {
      asked.push([begin, end]);
      return source.read(begin, end);
    },
  });
  asked.length = 0;
  assert.equal([...(await file.readAsF32('w', { begin: 2, end: 5 }))], [2, 3, 4]);
  const { begin } = file.info('w');
  assert.equal(asked, [[begin + 8, begin + 20]]);
  assert.equal([...(await file.readAsF32('w', { begin: 6 }))], [6, 7]);
  await rejects(
    () => file.read('w', { begin: 3, end: 9 }),
    /tensor "w": elements 3 to 9 are not within its 8/,
  );
});

roundTrip('data at any byte offset, as old writers left them, and sources that return views', async () => {
  const header = { odd: { dtype: 'U8', shape: [1], data_offsets: [0, 1] }, w: f32Entry(1, 9) };
  const bytes = fileOf(header, 9);
  new DataView(bytes.buffer).setFloat32(bytes.length - 4, 2.5, true);
  const file = await openSafetensors({
    name: 'v',
    size: bytes.length,
    read: async (begin, end) => bytes.subarray(begin, end),
  });
  assert.equal([...(await file.readAsF32('w'))], [0, 2.5]);
});

roundTrip('what is read may be changed without changing the source', async () => {
  const bytes = writeSafetensors([{ name: 'w', dtype: 'F32', shape: [1], data: Float32Array.of(1) }]);
  const file = await openSafetensors(bytesSource(bytes));
  (await file.readAsF32('w'))[0] = 5;
  assert.is((await file.readAsF32('w'))[0], 1);
});

roundTrip('unknown names are refused, near ones proposed', async () => {
  const file = await openSafetensors(
    bytesSource(
      writeSafetensors([
        { name: 'transformer.wte.weight', dtype: 'F32', shape: [1], data: Float32Array.of(1) },
      ]),
      'g',
    ),
  );
  await rejects(
    () => file.read('wte.weight'),
    /^g: there is no tensor "wte\.weight"; did you mean "transformer\.wte\.weight"\?/,
  );
  await rejects(() => file.readAsF32('x'), /there is no tensor "x" among the 1/);
  assert.is(file.has('x'), false);
});

roundTrip('writing refuses what does not fit together', async () => {
  const entry: SafetensorsEntry = { name: 'w', dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) };
  await rejects(
    async () => writeSafetensors([{ ...entry, shape: [3] }]),
    /tensor "w": shape \[3\] has 3 elements, the data have 2/,
  );
  await rejects(
    async () => writeSafetensors([{ ...entry, data: new Float64Array(2) }]),
    /F32 needs a Float32Array, got a Float64Array/,
  );
  await rejects(async () => writeSafetensors([entry, entry]), /tensor "w" occurs twice/);
  await rejects(async () => writeSafetensors([{ ...entry, name: '__metadata__' }]), /the name is reserved/);
  await rejects(async () => writeSafetensors([{ ...entry, dtype: 'F12' as 'F32' }]), /unknown dtype "F12"/);
  await rejects(
    async () => writeSafetensors([{ ...entry, shape: [-2] }]),
    /shape \[-2\] is no list of sizes/,
  );
  await rejects(
    async () => writeSafetensors([entry], { step: 3 as unknown as string }),
    /metadata "step" is no string/,
  );
});

roundTrip.run();

const sources = suite('safetensors sources');
let folder = '';
sources.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'foreword-safetensors-'));
});
sources.after(() => rm(folder, { recursive: true }));

const part = (name: string, value: number) =>
  writeSafetensors([{ name, dtype: 'F32', shape: [1], data: Float32Array.of(value) }], { [name]: 'yes' });

sources('a file on disk', async () => {
  const path = join(folder, 'one.safetensors');
  await writeFile(path, part('a', 1));
  const source = await fileSource(path);
  assert.is(source.size, part('a', 1).length);
  const file = await openSafetensors(source);
  assert.equal([...(await file.readAsF32('a'))], [1]);
  await file.close();
  await writeFile(path, part('a', 1).subarray(0, 20));
  await rejects(() => openSafetensorsPath(path), /one\.safetensors: the header should have/);
});

sources('a Blob and a File', async () => {
  const file = await openSafetensors(blobSource(new Blob([part('a', 2)])));
  assert.equal([...(await file.readAsF32('a'))], [2]);
  await rejects(
    () => openSafetensors(blobSource(new File(['abc'], 'picked.safetensors'))),
    /^picked\.safetensors: 3 bytes are too few/,
  );
});

sources('shards by their index, in memory and on disk', async () => {
  const shards: Record<string, Uint8Array> = { '1.safetensors': part('a', 1), '2.safetensors': part('b', 2) };
  const index = { metadata: { total_size: 8 }, weight_map: { a: '1.safetensors', b: '2.safetensors' } };
  const inMemory = await openShardedSafetensors(index, (name) => bytesSource(shards[name], name));
  assert.equal(inMemory.names(), ['a', 'b']);
  assert.equal(inMemory.metadata, { a: 'yes', b: 'yes' });
  assert.equal([...(await inMemory.readAsF32('b'))], [2]);
  assert.equal(inMemory.info('b').shape, [1]);
  await rejects(() => inMemory.readAsF32('c'), /there is no tensor "c" among the 2/);

  for (const [name, bytes] of Object.entries(shards)) await writeFile(join(folder, name), bytes);
  const path = join(folder, 'model.safetensors.index.json');
  await writeFile(path, JSON.stringify(index));
  const onDisk = await openSafetensorsPath(path);
  assert.equal([...(await onDisk.readAsF32('a'))], [1]);
  await onDisk.close();
});

sources('an index that does not fit its shards closes what it opened', async () => {
  let closed = 0;
  const open = (name: string) => ({ ...bytesSource(part('a', 1), name), close: async () => void closed++ });
  await rejects(
    () => openShardedSafetensors({ weight_map: { a: '1', b: '1' } }, open, { name: 'i.json' }),
    /^i\.json: tensor "b" should lie in 1, which lacks it/,
  );
  assert.is(closed, 1);
  await rejects(
    () => openSafetensors({ ...bytesSource(new Uint8Array(3)), close: async () => void closed++ }),
    /too few/,
  );
  assert.is(closed, 2);
});

sources('malformed indexes', async () => {
  const never = () => assert.unreachable('opened a shard') as never;
  await rejects(() => openShardedSafetensors('{', never), /model\.safetensors\.index\.json: no valid JSON/);
  await rejects(() => openShardedSafetensors({}, never), /"weight_map" must be an object/);
  await rejects(() => openShardedSafetensors(null, never), /"weight_map" must be an object/);
  for (const file of ['../x', '/etc/passwd', 'a/b', '..', '', 4]) {
    await rejects(
      () => openShardedSafetensors({ weight_map: { w: file } }, never),
      /tensor "w": .* is no plain file name/,
    );
  }
});

sources.run();
