// Damaged files of every layout: each is read or refused with TorchFileError; nothing else may come of it.
import * as assert from 'uvu/assert';
import { bytesSource, type ByteSource } from '@foreword/tensor';
import { mutateBytes, randomFrom, suite } from '@foreword/test-kit';
import { openTorchFile, readClipCapFeatures, TorchFileError } from '../src/index.ts';
import {
  ascii,
  clipCapPickle,
  float,
  legacyFile,
  named,
  type Node,
  type NodeMaker,
  ordered,
  pickle,
  rawBytes,
  reduced,
  scriptObject,
  storageOf,
  Storages,
  tensorOf,
  torchArchive,
  torchScriptArchive,
  tuple,
  zip,
} from '@foreword/test-kit/torch';

const test = suite('fuzz', { timeLimitSeconds: 120 });

const CASES = 3600;

const shared = storageOf(Float32Array.of(1, 2, 3, 4, 5, 6));
const make: NodeMaker = (s) =>
  new Map<Node, Node>([
    [
      'model',
      ordered(
        [
          ['a', s.tensor({ storage: shared, shape: [2, 3], parameter: true })],
          ['b', s.tensor({ storage: shared, shape: [3, 2], strides: [1, 3] })],
          ['ids', s.tensor(tensorOf(BigInt64Array.of(1n, -2n)))],
        ],
        ordered([['', new Map<Node, Node>([['version', 1]])]]),
      ),
    ],
    ['half', s.tensor(tensorOf(Uint16Array.of(0x3c00, 0x7c00), [2, 1]))],
    ['epoch', 3],
    ['loss', float(0.5)],
    [
      'notes',
      ['x', null, true, tuple(1, 2, 3, 4), 70000, 2n ** 60n, reduced(named('torch', 'device'), 'cuda', 0)],
    ],
  ]);

const module: NodeMaker = (s) =>
  scriptObject('Net', [
    ['training', false],
    ['block', scriptObject('Block', [['weight', s.tensor({ storage: shared, shape: [2, 3] })]])],
    ['sizes', reduced(named('torch.jit._pickle', 'build_intlist'), [1, 2])],
    ['scale', s.tensor(tensorOf(Uint16Array.of(0x3c00), []))],
  ]);

const storages = new Storages();
const cleanPickle = pickle(make(storages));

/** An archive with another pickle, all sizes right, so that damage reaches the interpreter. */
const archiveWith = (data: Uint8Array): Uint8Array =>
  zip([
    ['m/data.pkl', data],
    ...[...storages.keys].map(([storage, key]) => [`m/data/${key}`, rawBytes(storage.data)] as const),
    ['m/byteorder', ascii('little')],
  ]);

const caption = (row: number): Node =>
  new Map<Node, Node>([
    ['image_id', 9],
    ['id', 1],
    ['caption', 'A dog.'],
    ['clip_embedding', row],
  ]);
const features = (protocol: number): Uint8Array =>
  clipCapPickle(tensorOf(Float32Array.from({ length: 6 }), [3, 2]), [caption(0), caption(2)], { protocol });

type Damage = (random: () => number) => Uint8Array;
const damaged =
  (bytes: Uint8Array): Damage =>
  (random) =>
    mutateBytes(bytes, random);

const layouts: readonly [layout: string, damage: Damage][] = [
  ['archive', damaged(torchArchive(make))],
  ['ZIP64 archive', damaged(torchArchive(make, { zip64: true }))],
  ['pickle of an archive', (random) => archiveWith(mutateBytes(cleanPickle, random))],
  ['TorchScript', damaged(torchScriptArchive(module))],
  ['legacy', damaged(legacyFile(make))],
  ['ClipCap, protocol 3', damaged(features(3))],
  ['ClipCap, protocol 4', damaged(features(4))],
];

/** Everything that can be had from a file. */
async function readAll(source: ByteSource): Promise<void> {
  const file = await openTorchFile(source);
  for (const name of file.names()) {
    const { shape } = file.info(name);
    const { data } = await file.read(name);
    assert.is(
      data.length,
      shape.reduce((a, b) => a * b, 1),
    );
    await file.readAsF32(name);
  }
}

for (const [i, [layout, damage]] of layouts.entries()) {
  test(`${layout}: ${CASES} damaged files`, async () => {
    const random = randomFrom(1000 + i);
    let refused = 0;
    for (let n = 0; n < CASES; n++) {
      const bytes = damage(random);
      const size = bytes.length;
      let askedFor = 0;
      const inner = bytesSource(bytes, 'x.pt');
      const source: ByteSource = {
        ...inner,
        read: (begin, end) => {
          assert.ok(
            begin >= 0 && begin <= end && end <= size,
            `case ${n}: bytes ${begin} to ${end} of ${size}`,
          );
          askedFor += end - begin;
          return inner.read(begin, end);
        },
      };
      try {
        await readAll(source);
        if (layout.startsWith('ClipCap')) await readClipCapFeatures(source);
      } catch (error) {
        if (!(error instanceof TorchFileError)) {
          throw new Error(`case ${n} of ${layout}: ${String(error)}\n${Buffer.from(bytes).toString('hex')}`, {
            cause: error,
          });
        }
        assert.match(error.message, /^x\.pt: ./);
        refused++;
      }
      assert.ok(askedFor < 100 * size + 1000, `case ${n}: ${askedFor} bytes read of ${size}`);
    }
    assert.ok(refused > CASES / 3, `only ${refused} of ${CASES} were refused`);
    assert.ok(refused < CASES, 'not one was read');
  });
}

test('noise behind each beginning', async () => {
  const random = randomFrom(7);
  let refused = 0;
  for (let n = 0; n < 2000; n++) {
    const start = [
      [0x80, 2],
      [0x80, 4],
      [0x50, 0x4b, 3, 4],
      [0x80, 2, 0x28, 0x5d],
    ][n % 4];
    const noise = Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256));
    try {
      await readAll(bytesSource(Uint8Array.from([...start, ...noise]), 'x.pt'));
    } catch (error) {
      assert.instance(error, TorchFileError, String(error));
      refused++;
    }
  }
  assert.ok(refused > 1900, `${refused} refused`);
});

test.run();
