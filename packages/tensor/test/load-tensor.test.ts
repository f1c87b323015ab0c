// Tensors of a file on the GPU: piece by piece, converted, freed when something goes wrong.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice } from '../src/node.ts';
import {
  bytesSource,
  f16BitsToF32,
  f32ToBf16Array,
  loadTensor,
  openSafetensors,
  SafetensorsError,
  ShapeError,
  tensor,
  writeSafetensors,
  type ByteSource,
  type LoadTensorOptions,
  type SafetensorsEntry,
  type TensorFile,
} from '../src/index.ts';
import { rejects } from './rejects.ts';

const device = await openDevice();
const test = suite('load tensor');

test.before.each(() => device.trim());
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const piece = 2 ** 21;
const values = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => (i % 2039) - 7);
const open = (entries: SafetensorsEntry[], wrap = (source: ByteSource) => source) =>
  openSafetensors(wrap(bytesSource(writeSafetensors(entries))));

test('a tensor of several pieces is read piece by piece and arrives whole', async () => {
  const count = 2 * piece + 5;
  const data = values(count);
  let largest = 0;
  const file = await open([{ name: 'w', dtype: 'F32', shape: [count], data }], (source) => ({
    ...source,
    read(begin, end) {
      largest = Math.max(largest, end - begin);
      return source.read(begin, end);
    },
  }));
  const made = await loadTensor(device, file, 'w');
  assert.equal(await made.read(), data);
  assert.is(largest, 4 * piece);
  made.dispose();
});

test('f16: rounded from f32, and codes of a file as they are', async () => {
  if (!device.adapter.f16) return console.log('  skipped: this adapter has no f16');
  const count = piece + 3;
  const data = values(count);
  const codes = Uint16Array.from({ length: 5 }, (_, i) => 0x3c01 + i);
  const file = await open([
    { name: 'f32', dtype: 'F32', shape: [count], data },
    { name: 'f16', dtype: 'F16', shape: [5], data: codes },
    { name: 'bf16', dtype: 'BF16', shape: [2], data: f32ToBf16Array(Float32Array.of(1.5, -3)) },
  ]);
  const before = device.stats.liveBytes;
  const rounded = await loadTensor(device, file, 'f32', { dtype: 'f16' });
  assert.ok(device.stats.liveBytes - before <= 2 * count + 2);
  assert.equal(await rounded.read(), data, 'whole numbers below 2048 are exact');
  const same = await loadTensor(device, file, 'f16', { dtype: 'f16' });
  assert.equal([...(await same.read())], [...codes].map(f16BitsToF32));
  const widened = await loadTensor(device, file, 'bf16', { shape: [2, 1] });
  assert.equal(widened.shape, [2, 1]);
  assert.equal([...(await widened.read())], [1.5, -3]);
  for (const made of [rounded, same, widened]) made.dispose();
});

test('nothing stays behind when the shape is another, the file is cut or the signal aborts', async () => {
  const entry: SafetensorsEntry = { name: 'w', dtype: 'F32', shape: [2, 2], data: values(4) };
  const file = await open([entry]);
  const before = device.stats.liveBytes;
  const load =
    (options: LoadTensorOptions, from: TensorFile = file) =>
    () =>
      loadTensor(device, from, 'w', options);
  await rejects(load({ shape: [3] }), ShapeError, '"w" of bytes is [2, 2]', '[3]');
  const cut = await open([entry], (source) => ({
    ...source,
    read: async (begin, end) => (await source.read(begin, end)).slice(0, end - begin === 16 ? -1 : undefined),
  }));
  await rejects(load({}, cut), SafetensorsError, 'truncated');
  await rejects(load({ signal: AbortSignal.abort(new Error('enough')) }), Error, 'enough');
  assert.is(device.stats.liveBytes, before);
});

test('writeRange writes a part, and refuses what does not fit', async () => {
  const x = tensor(device, [1, 2, 3, 4], [4]);
  x.writeRange(1, [7, 8]);
  assert.equal([...(await x.read())], [1, 7, 8, 4]);
  assert.throws(() => x.writeRange(3, [1, 2]), /2 values from element 3 on do not fit/);
  if (device.adapter.f16) {
    const half = tensor(device, [1, 2, 3, 4], [4], { dtype: 'f16' });
    assert.throws(() => half.writeRange(1, [1]), /do not fit the tensor \[4\] f16/);
    half.dispose();
  }
  x.dispose();
});

test.run();
