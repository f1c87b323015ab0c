// Torch files that must be refused, each with its sentence: archives, storages, tensors, legacy files.
import * as assert from 'uvu/assert';
import { bytesSource } from '@foreword/tensor';
import { suite } from '@foreword/test-kit';
import { openTorchFile } from '../src/index.ts';
import {
  ascii,
  joined,
  legacyFile,
  named,
  type Node,
  type NodeMaker,
  numbers,
  ordered,
  persistent,
  pickle,
  reduced,
  scriptObject,
  storageOf,
  Storages,
  tensorOf,
  torchArchive,
  torchScriptArchive,
  tuple,
  type WrittenTensor,
  zip,
} from '@foreword/test-kit/torch';
import { refuses, refusesFile } from './refuses.ts';

const test = suite('malformed');

const weight = tensorOf(Float32Array.of(1, 2, 3, 4));
const make: NodeMaker = (storages) => ordered([['w', storages.tensor(weight)]]);
const good = torchArchive(make);
const endRecord = good.length - 22;

/** A copy with other bytes at a place. */
function changed(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
}

/** Place of a text in the file; its `nth` from 0. */
function placeOf(bytes: Uint8Array, text: string, nth = 0): number {
  let at = -1;
  for (let i = 0; i <= nth; i++) at = Buffer.from(bytes).indexOf(text, at + 1);
  assert.ok(at >= 0, text);
  return at;
}

const other: [what: string, bytes: Uint8Array, message: RegExp][] = [
  ['nothing', new Uint8Array(0), /^x\.pt: the file is empty/],
  [
    'a Git LFS pointer',
    ascii('version https://git-lfs.github.com/spec/v1\noid'),
    /Git LFS pointer.*git lfs pull/,
  ],
  ['a web page', ascii('<!DOCTYPE html><html></html>'), /an HTML page/],
  [
    'safetensors',
    joined([numbers([64, 8]), ascii('{"w":{}}')]),
    /a safetensors file; open it with openSafetensors/,
  ],
  ['gzip', Uint8Array.of(0x1f, 0x8b, 8), /a gzip file/],
  ['npy', joined([Uint8Array.of(0x93), ascii('NUMPY')]), /a NumPy array/],
  ['HDF5', joined([Uint8Array.of(0x89), ascii('HDF\r\n')]), /an HDF5 file/],
  ['tar', joined([new Uint8Array(257).fill(0x61), ascii('ustar')]), /a tar archive/],
  ['noise', ascii('hello'), /none of the files that torch\.save or pickle write/],
  ['npz', zip([['a.npy', ascii('x')]]), /NumPy's \.npz/],
  ['an empty archive', zip([]), /no data\.pkl in a folder.*it has no entry/],
  ['another archive', zip(['a', 'b', 'c', 'd'].map((n) => [n, ascii(n)])), /it has "a", "b", "c" …/],
  [
    'two archives in one',
    zip(['a', 'b'].map((n) => [`${n}/data.pkl`, pickle(null)])),
    /several data\.pkl: "a\/data\.pkl"/,
  ],
];
for (const [what, bytes, message] of other) test(`refuses ${what}`, () => refusesFile(bytes, message));

test('every truncation of every layout', async () => {
  const script = torchScriptArchive((s) => scriptObject('Net', [['w', s.tensor(weight)]]));
  for (const bytes of [good, legacyFile(make), torchArchive(make, { zip64: true }), script]) {
    for (let length = 0; length < bytes.length; length++)
      await refusesFile(bytes.slice(0, length), /^x\.pt: .*(truncated|empty|damaged|the pickle ends)/s);
  }
});

test('compressed, encrypted and unequal entries, but only where they are read', async () => {
  await refusesFile(
    torchArchive(make, { deflated: ['archive/data.pkl'] }),
    /^x\.pt: entry "archive\/data\.pkl": it is compressed; .*zip -0/,
  );
  await refusesFile(
    torchArchive(make, { deflated: ['archive/data/0'] }),
    /entry "archive\/data\/0": it is compressed/,
  );
  const unread = await openTorchFile(bytesSource(torchArchive(make, { deflated: ['archive/version'] })));
  assert.equal(unread.names(), ['w']);
  const entry = placeOf(good, 'PK\u0001\u0002');
  await refusesFile(changed(good, entry + 8, 1), /entry "archive\/data\.pkl": it is encrypted/);
  await refusesFile(changed(good, entry + 20, 1, 0, 0, 0), /said to have 1 and \d+ bytes/);
});

test('entries that are not where the directory says', async () => {
  const entry = placeOf(good, 'PK\u0001\u0002');
  await refusesFile(changed(good, entry + 42, 1), /its header is not at byte 1,/);
  await refusesFile(changed(good, entry + 42, 0xf0, 0xff, 0xff, 0x7f), /bytes \d+ to \d+, but the file has/);
  await refusesFile(changed(good, placeOf(good, 'archive/data.pkl'), 0x41), /its header is not at byte 0/);
  await refusesFile(
    changed(good, 28, 0xff, 0xff),
    /reach beyond byte \d+, where the archive's directory begins/,
  );
  const claims = changed(good, entry + 20, 0xff, 0xff, 0xff, 0x7e, 0xff, 0xff, 0xff, 0x7e);
  await refusesFile(claims, /its 2130706431 bytes .* reach beyond/);
});

test('entries that overlap', async () => {
  // The pickle's entry comes to hold the storage's header as well.
  const big = good.slice();
  const view = new DataView(big.buffer);
  const entry = placeOf(good, 'PK\u0001\u0002');
  const longer = view.getUint32(entry + 24, true) + 200;
  view.setUint32(entry + 20, longer, true);
  view.setUint32(entry + 24, longer, true);
  await refusesFile(big, /: 200 bytes follow its end/);
  const twice = torchArchive((s) =>
    ordered([
      ['a', s.tensor(weight)],
      ['b', s.tensor(tensorOf(Float32Array.of(1, 2, 3, 4)))],
    ]),
  );
  const directory = placeOf(twice, 'PK\u0001\u0002', 3);
  const first = new DataView(twice.buffer).getUint32(placeOf(twice, 'PK\u0001\u0002', 2) + 42, true);
  new DataView(twice.buffer).setUint32(directory + 42, first, true);
  await refusesFile(twice, /entry "archive\/data\/1": it overlaps the entry "archive\/data\/0"/);
});

test('the directory', async () => {
  await refusesFile(changed(good, endRecord, 0), /its directory at the end is missing/);
  await refusesFile(changed(good, endRecord + 10, 9), /should have 9 entries, but entry 5 is none/);
  await refusesFile(
    changed(good, endRecord + 16, 0xff, 0xff, 0xff, 0x7f),
    /should lie in bytes 2147483647 to/,
  );
  await refusesFile(changed(good, placeOf(good, 'PK\u0001\u0002') + 28, 0xff, 0xff), /entry 0 .* is cut off/);
  await refusesFile(
    zip([
      ['a/data.pkl', pickle(1)],
      ['a/data.pkl', pickle(2)],
    ]),
    /entry "a\/data\.pkl" occurs twice/,
  );
  const big = torchArchive(make, { zip64: true });
  const locator = big.length - 42;
  await refusesFile(changed(big, locator, 0), /lacks the ZIP64 directory/);
  await refusesFile(
    changed(big, locator + 8, ...new Array<number>(8).fill(255)),
    /lacks the ZIP64 directory/,
  );
  await refusesFile(changed(big, locator - 56, 0), /lacks the ZIP64 directory/);
  await refusesFile(
    changed(big, locator - 56 + 40, ...new Array<number>(8).fill(255)),
    /should lie in bytes/,
  );
});

test('byte order, bytes behind the pickle', async () => {
  const big = zip([
    ['a/data.pkl', pickle(null)],
    ['a/byteorder', ascii('big')],
  ]);
  await refusesFile(big, /entry "a\/byteorder" is "big"; only files of little-endian machines/);
  await refusesFile(
    zip([['a/data.pkl', joined([pickle(null), ascii('x')])]]),
    /a\/data\.pkl: 1 bytes follow its end/,
  );
});

test('storages that are missing, of another size, or contradict each other', async () => {
  const without = (pkl: Uint8Array, size?: number): Uint8Array =>
    zip([
      ['a/data.pkl', pkl],
      ...(size === undefined ? [] : ([['a/data/0', new Uint8Array(size)]] as const)),
    ]);
  const object = pickle(make(new Storages()));
  await refusesFile(
    without(object),
    /storage "0" is named in a\/data\.pkl, but there is no entry "a\/data\/0"/,
  );
  await refusesFile(without(object, 15), /4 elements of F32 take 16 bytes, but it has 15/);
  await refusesFile(without(object, 17), /take 16 bytes, but it has 17/);
  const id = (...fields: Node[]): Uint8Array => without(pickle(persistent(tuple(...fields))), 16);
  const float = named('torch', 'FloatStorage');
  await refusesFile(
    id('storage', float, '0', 'cpu', 2 ** 40),
    /1099511627776 elements of F32, more than the whole file/,
  );
  await refusesFile(id('storage', float, '0', 'cpu', 2n ** 70n), /a persistent id is not/);
  await refusesFile(id('storage', float, '0', 'cpu', -1), /a persistent id is not/);
  await refusesFile(id('storage', float, 0, 'cpu', 4), /a persistent id is not/);
  await refusesFile(id('storage', 'FloatStorage', '0', 'cpu', 4), /a persistent id is not/);
  await refusesFile(id('storage', float, '0', 'cpu', 4, null, null), /a persistent id is not/);
  await refusesFile(id('module', float, '0', 'cpu', 4), /a whole module with its source was saved/);
  await refusesFile(
    id('storage', named('torch', 'ComplexFloatStorage'), '0', 'cpu', 2),
    /names "torch\.ComplexFloatStorage"/,
  );
  await refusesFile(without(pickle(persistent('0')), 16), /a persistent id is no tuple/);
  await refusesFile(id('storage', float, '0', 'cpu', 4), /the storage "0" stands among the data/);
  const both = tuple(
    persistent(tuple('storage', float, '0', 'cpu', 4)),
    persistent(tuple('storage', named('torch', 'IntStorage'), '0', 'cpu', 4)),
  );
  await refusesFile(
    without(pickle(both), 16),
    /storage "0" is said to hold 4 elements of I32 and also 4 of F32/,
  );
});

test('an untyped storage holds bytes, as torch has it', async () => {
  const storage = storageOf(Uint8Array.of(9, 8));
  const bytes = torchArchive((s) => {
    const id = tuple('storage', named('torch.storage', 'UntypedStorage'), s.keyOf(storage), 'cpu', 2);
    return s.tensor({ storage, shape: [2] }, persistent(id));
  });
  assert.equal([...(await (await openTorchFile(bytesSource(bytes))).readAsI32('tensor'))], [9, 8]);
});

test('tensors that leave their storage or are none', async () => {
  const saved = (view: Partial<WrittenTensor>): Uint8Array =>
    torchArchive((s) => ordered([['w', s.tensor({ ...weight, ...view })]]));
  await refusesFile(
    saved({ shape: [5] }),
    /a tensor of size \[5\] and stride \[1\] from element 0 leaves its storage "0" of 4/,
  );
  await refusesFile(saved({ offset: 1 }), /from element 1 leaves its storage/);
  await refusesFile(saved({ shape: [2, 2], strides: [3, 1] }), /leaves its storage/);
  await refusesFile(saved({ shape: [2 ** 40, 2 ** 10] }), /leaves its storage/);
  await refusesFile(saved({ shape: [2], strides: [2 ** 50] }), /leaves its storage/);
  await refusesFile(
    saved({ shape: [2 ** 50, 2 ** 50], strides: [0, 0] }),
    /has more bytes than the file.*contiguous\(\) copy/,
  );
  await refusesFile(saved({ shape: [-1] }), /offset, size or stride of its tensor are no whole numbers/);
  await refusesFile(saved({ strides: [-1] }), /no whole numbers/);
  await refusesFile(saved({ offset: -1 }), /no whole numbers/);
  await refusesFile(saved({ strides: [1, 1] }), /no whole numbers/);
  await refusesFile(saved({ shape: [2.5] }), /no whole numbers/);
  await refusesFile(saved({ shape: new Array<number>(65).fill(1) }), /has 65 axes/);
  const rebuilt = (...args: Node[]): Uint8Array =>
    torchArchive(() => reduced(named('torch._utils', '_rebuild_tensor_v2'), ...args));
  await refusesFile(rebuilt(), /not rebuilt from \(storage, offset/);
  await refusesFile(rebuilt(1, 0, tuple(), tuple(), false, null), /not rebuilt from/);
  await refusesFile(
    torchArchive(() => reduced(named('torch._utils', '_rebuild_parameter'), 1, 2, 3)),
    /a parameter is not rebuilt from/,
  );
});

test('an empty tensor may begin anywhere', async () => {
  const bytes = torchArchive((s) => s.tensor({ ...weight, shape: [0, 3], offset: 99 }));
  const file = await openTorchFile(bytesSource(bytes));
  assert.is((await file.readAsF32('tensor')).length, 0);
  assert.is(file.info('tensor').end - file.info('tensor').begin, 0);
});

test('TorchScript objects that are not plain, and classes outside an archive of them', async () => {
  await refusesFile(
    torchArchive(() => scriptObject('Net', [])),
    /names "__torch__\.Net"/,
  );
  await refusesFile(
    torchScriptArchive(() => named('__torch__evil', 'Net')),
    /names "__torch__evil\.Net"/,
  );
  await refusesFile(
    torchScriptArchive(() => reduced(named('__torch__', 'Net'))),
    /the class __torch__\.Net is called/,
  );
  await refusesFile(
    torchScriptArchive(() => reduced(named('torch.jit._pickle', 'build_intlist'), 3)),
    /build_intlist is given 3, not one list/,
  );
});

test('dicts that share their parts stand for more names than a file may have', async () => {
  const doubling: NodeMaker = (s) => {
    let node: Node = new Map<Node, Node>([['w', s.tensor(weight)]]);
    for (let i = 0; i < 40; i++)
      node = new Map<Node, Node>([
        ['left', node],
        ['right', node],
      ]);
    return node;
  };
  await refusesFile(torchArchive(doubling), /absurdly many names/);
});

test('legacy: heads, keys and counts', async () => {
  const magic = pickle(0x1950a86a20f9469cfc6cn);
  const system = (little: boolean) => pickle(new Map<Node, Node>([['little_endian', little]]));
  const head = joined([magic, pickle(1001), system(true)]);
  await refusesFile(joined([magic, pickle(1002)]), /the protocol of this torch\.save is 1002/);
  await refusesFile(joined([magic, pickle(1001), system(false)]), /not come from a little-endian machine/);
  await refusesFile(joined([magic, pickle(1001), pickle(null)]), /not come from a little-endian machine/);
  await refusesFile(joined([head, pickle(null), pickle(null)]), /the list of storages is no list/);
  const body = (keys: Node, ...rest: Uint8Array[]): Uint8Array =>
    joined([head, pickle(make(new Storages({ legacy: true }))), pickle(keys), ...rest]);
  const data = joined([numbers([4, 8]), new Uint8Array(16)]);
  const key = '94000000';
  assert.equal((await openTorchFile(bytesSource(body([key], data)))).names(), ['w']);
  await refusesFile(body([key, key], data, data), /it stands twice in the list of storages/);
  await refusesFile(body(['other'], data), /storage "other": it stands wrongly/);
  await refusesFile(body([7], data), /storage "7": it stands wrongly/);
  await refusesFile(body([]), /storage "94000000": a tensor needs it/);
  await refusesFile(
    body([key], numbers([5, 8]), new Uint8Array(16)),
    /it has 5 elements, but its tensors say 4/,
  );
  await refusesFile(body([key], numbers([-1, 8]), new Uint8Array(16)), /it has -1 elements/);
  await refusesFile(body([key], data.slice(0, 23)), /its 16 bytes should follow byte \d+, but the file ends/);
  await refusesFile(body([key], data, ascii('x')), /1 bytes follow the last storage/);
  const view = (...part: Node[]) =>
    legacyFile((s) =>
      persistent(
        tuple('storage', named('torch', 'FloatStorage'), s.keyOf(weight.storage), 'cpu', 4, tuple(...part)),
      ),
    );
  await refusesFile(view('part', 3, 2), /its view is no \(key, offset, count\) within 4 elements/);
  await refusesFile(view('part'), /its view is no/);
});

test('a source that shrinks after opening', async () => {
  let limit = good.length;
  const file = await openTorchFile({
    name: 'x.pt',
    size: good.length,
    read: async (begin, end) => good.slice(begin, Math.min(end, limit)),
  });
  limit = file.info('w').begin + 5;
  await refuses(() => file.read('w'), /^x\.pt: tensor "w": bytes \d+ to \d+ were asked for, 5 came/);
});

test.run();
