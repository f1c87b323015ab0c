// State dicts in every layout: the same tensors as a safetensors file of them gives, through the same interface.
import * as assert from 'uvu/assert';
import {
  blobSource,
  bytesSource,
  openSafetensors,
  writeSafetensors,
  type ByteSource,
  type SafetensorsDtype,
  type TensorFile,
} from '@foreword/tensor';
import { suite } from '@foreword/test-kit';
import { openTorchFile } from '../src/index.ts';
import {
  legacyFile,
  type Node,
  type NodeMaker,
  ordered,
  pickle,
  rawBytes,
  storageOf,
  tensorInPickle,
  tensorOf,
  torchArchive,
  type WrittenTensor,
} from '@foreword/test-kit/torch';
import { refuses } from './refuses.ts';

const test = suite('torch file');

const open = (bytes: Uint8Array, within?: string) => openTorchFile(bytesSource(bytes, 'x.pt'), { within });

const samples: readonly [name: string, dtype: SafetensorsDtype, tensor: WrittenTensor][] = [
  ['f32', 'F32', tensorOf(Float32Array.of(0, -1.5, 2, 3e38, NaN, -Infinity), [2, 3])],
  ['f64', 'F64', tensorOf(Float64Array.of(0.1, -(2 ** 60)))],
  ['f16', 'F16', tensorOf(Uint16Array.of(0x3c00, 0x0001, 0xfc00))],
  ['bf16', 'BF16', tensorOf(Uint16Array.of(0x3f80, 0xc000, 0x7f80), [3, 1], 'BFloat16Storage')],
  ['i64', 'I64', tensorOf(BigInt64Array.of(-1n, 49407n, 0n))],
  ['i64 beyond i32', 'I64', tensorOf(BigInt64Array.of(2n ** 40n + 1n))],
  ['i32', 'I32', tensorOf(Int32Array.of(-(2 ** 31), 16777217))],
  ['i16', 'I16', tensorOf(Int16Array.of(-300))],
  ['i8', 'I8', tensorOf(Int8Array.of(-8, 7))],
  ['u8', 'U8', tensorOf(Uint8Array.of(1, 2, 255))],
  ['bool', 'BOOL', tensorOf(Uint8Array.of(0, 1), [2], 'BoolStorage')],
  ['scalar', 'F32', tensorOf(Float32Array.of(7), [])],
  ['empty', 'F32', tensorOf(new Float32Array(0), [0, 5])],
  ['h.0.attn.c_attn.weight', 'F32', { ...tensorOf(Float32Array.of(1, 2)), parameter: true }],
  ['__proto__', 'F32', tensorOf(Float32Array.of(3))],
];

const stateDict: NodeMaker = (storages) =>
  ordered(
    samples.map(([name, , tensor]) => [name, storages.tensor(tensor)] as const),
    ordered([['', new Map<Node, Node>([['version', 1]])]]),
  );

const layouts: readonly [layout: string, bytes: () => Uint8Array][] = [
  ['archive', () => torchArchive(stateDict)],
  [
    'archive',
    () => torchArchive(stateDict, { root: 'coco_prefix-009', zip64: true, comment: 'PK\u0005\u0006' }),
  ],
  ['legacy', () => legacyFile(stateDict)],
  [
    'pickle',
    () => pickle(new Map<Node, Node>(samples.map(([name, , tensor]) => [name, tensorInPickle(tensor)])), 4),
  ],
];

/** What a reading gives: a value, or the message with the file's name taken out. */
async function outcome(read: () => Promise<ArrayBufferView>): Promise<number[] | string> {
  try {
    return [...rawBytes(await read())];
  } catch (error) {
    return (error as Error).message.replace(/^\S+: /, '');
  }
}

const safetensors: Promise<TensorFile> = openSafetensors(
  bytesSource(
    writeSafetensors(
      samples.map(([name, dtype, { storage, shape }]) => ({
        name,
        dtype,
        shape,
        data: storage.data as Float32Array,
      })),
    ),
    'x.safetensors',
  ),
);

for (const [i, [layout, bytes]] of layouts.entries()) {
  test(`layout ${i} (${layout}): every dtype as the safetensors reader gives it, errors included`, async () => {
    const file: TensorFile = await open(bytes());
    const twin = await safetensors;
    assert.is((file as { layout?: string }).layout, layout);
    assert.equal(
      file.names(),
      samples.map(([name]) => name),
    );
    for (const [name, dtype, { shape }] of samples) {
      assert.ok(file.has(name));
      assert.is(file.info(name).dtype, dtype);
      assert.equal(file.info(name).shape, shape, name);
      const raw = await file.read(name);
      assert.is(raw.dtype, dtype);
      assert.is(raw.data.constructor, (await twin.read(name)).data.constructor);
      assert.equal([...rawBytes(raw.data)], [...rawBytes((await twin.read(name)).data)], name); // NaN equals nothing
      const { begin, end } = file.info(name);
      assert.equal([...bytes().subarray(begin, end)], [...rawBytes(raw.data)], `${name}: bytes in the file`);
      for (const range of [{}, { begin: 1 }, { begin: 0, end: 1 }, { begin: 2, end: 1 }, { end: 1.5 }]) {
        for (const method of ['readAsF32', 'readAsI32'] as const) {
          assert.equal(
            await outcome(() => file[method](name, range)),
            await outcome(() => twin[method](name, range)),
            `${method} ${name} ${JSON.stringify(range)}`,
          );
        }
      }
    }
    await refuses(
      () => file.read('transformer.h.0.attn.c_attn.weight'),
      /^x\.pt: there is no tensor ".*"; did you mean "h\.0\.attn\.c_attn\.weight"\?$/,
    );
  });
}

test('strided views come out contiguous, whole and in ranges, and read only the rows they need', async () => {
  const storage = storageOf(Float32Array.from({ length: 24 }, (_, i) => i));
  const views: Record<string, WrittenTensor> = {
    transposed: { storage, shape: [4, 6], strides: [1, 4] },
    column: { storage, shape: [6], strides: [4], offset: 2 },
    block: { storage, shape: [2, 1, 3], strides: [8, 77, 2], offset: 1 },
    expanded: { storage, shape: [3, 2], strides: [0, 5], offset: 3 },
    rows: { storage, shape: [2, 4], strides: [4, 1], offset: 8 },
  };
  const expected: Record<string, number[]> = {
    transposed: [0, 1, 2, 3].flatMap((r) => [0, 4, 8, 12, 16, 20].map((c) => c + r)),
    column: [2, 6, 10, 14, 18, 22],
    block: [1, 3, 5, 9, 11, 13],
    expanded: [3, 8, 3, 8, 3, 8],
    rows: [8, 9, 10, 11, 12, 13, 14, 15],
  };
  const bytes = torchArchive((storages) =>
    ordered(Object.entries(views).map(([name, view]) => [name, storages.tensor(view)] as const)),
  );
  const spy = countingSource(bytes);
  const file = await openTorchFile(spy.source);
  for (const [name, values] of Object.entries(expected)) {
    assert.equal([...(await file.readAsF32(name))], values, name);
    for (let begin = 0; begin <= values.length; begin++) {
      for (let end = begin; end <= values.length; end++)
        assert.equal([...(await file.readAsF32(name, { begin, end }))], values.slice(begin, end), name);
    }
  }
  spy.reset();
  await file.readAsF32('column', { begin: 1, end: 3 });
  assert.is(spy.bytesRead(), 4 * 5, 'element 6 to element 10');
  spy.reset();
  await file.readAsF32('rows', { begin: 1, end: 3 });
  assert.is(spy.bytesRead(), 8);
  assert.is(file.info('column').begin, file.info('transposed').begin + 8);
  assert.is(file.info('column').end, file.info('column').begin + 4 * 21);
});

test('tied tensors share a storage, in every layout', async () => {
  const tied: NodeMaker = (storages) => {
    const weight = tensorOf(Float32Array.of(1, 2, 3, 4), [2, 2]);
    return ordered([
      ['wte.weight', storages.tensor(weight)],
      ['lm_head.weight', storages.tensor(weight)],
      ['other', storages.tensor(tensorOf(Float32Array.of(1, 2, 3, 4), [2, 2]))],
    ]);
  };
  for (const bytes of [torchArchive(tied), legacyFile(tied)]) {
    const file = await open(bytes);
    assert.equal(file.info('wte.weight'), file.info('lm_head.weight'));
    assert.is(file.tensor('wte.weight').storage, file.tensor('lm_head.weight').storage);
    assert.is.not(file.tensor('wte.weight').storage, file.tensor('other').storage);
    assert.is.not(file.info('wte.weight').begin, file.info('other').begin);
    assert.equal([...(await file.readAsF32('lm_head.weight'))], [1, 2, 3, 4]);
  }
});

test('opening reads structure alone, a tensor its own bytes', async () => {
  const big = tensorOf(Float32Array.from({ length: 100_000 }, (_, i) => i));
  const make: NodeMaker = (s) =>
    ordered([
      ['big', s.tensor(big)],
      ['small', s.tensor(tensorOf(Float32Array.of(1, 2)))],
    ]);
  // The end of an archive is searched, and a pickle read, in pieces of 64 KiB.
  for (const [bytes, most] of [
    [torchArchive(make), 70_000],
    [legacyFile(make), 70_000],
    [pickle(new Map<Node, Node>([['big', tensorInPickle(big)]]), 4), 3 * 65_536 + 2_000],
  ] as const) {
    const spy = countingSource(bytes);
    const file = await openTorchFile(spy.source);
    assert.ok(spy.bytesRead() < most, `${spy.bytesRead()} bytes`);
    spy.reset();
    assert.equal([...(await file.readAsF32('big', { begin: 5000, end: 5003 }))], [5000, 5001, 5002]);
    assert.is(spy.bytesRead(), 12);
  }
});

test('from a Blob, and closing closes the source', async () => {
  const bytes = torchArchive(stateDict) as Uint8Array<ArrayBuffer>;
  const file = await openTorchFile(blobSource(new Blob([bytes]), 'page.pt'));
  assert.equal([...(await file.readAsI32('i64'))], [-1, 49407, 0]);
  let closed = 0;
  const source: ByteSource = { ...bytesSource(bytes), close: async () => void closed++ };
  await (await openTorchFile(source)).close();
  assert.is(closed, 1);
  const broken: ByteSource = { ...bytesSource(bytes.slice(0, 99)), close: async () => void closed++ };
  await refuses(() => openTorchFile(broken), /truncated/);
  assert.is(closed, 2, 'a file that cannot be opened is closed');
});

/** Counts the bytes that are read of a file. */
function countingSource(bytes: Uint8Array): {
  source: ByteSource;
  bytesRead: () => number;
  reset: () => void;
} {
  const inner = bytesSource(bytes, 'x.pt');
  let count = 0;
  return {
    source: {
      ...inner,
      read: (begin, end) => {
        count += end - begin;
        return inner.read(begin, end);
      },
    },
    bytesRead: () => count,
    reset: () => void (count = 0),
  };
}

test.run();
