// ClipCap's feature pickles: features in ranges, captions with their rows, and what is not one of them.
import * as assert from 'uvu/assert';
import { bytesSource } from '@foreword/tensor';
import { suite } from '@foreword/test-kit';
import { openTorchFile, readClipCapFeatures } from '../src/index.ts';
import {
  clipCapPickle,
  legacyFile,
  named,
  type Node,
  pickle,
  reduced,
  tensorInPickle,
  tensorOf,
  tuple,
} from '@foreword/test-kit/torch';
import { refuses } from './refuses.ts';

const test = suite('ClipCap features');

const D = 4;
const f32 = tensorOf(
  Float32Array.from({ length: 3 * D }, (_, i) => i / 2),
  [3, D],
);
const f16 = tensorOf(Uint16Array.of(0x3c00, 0x4000, 0x4200, 0x4400, 0, 0, 0, 0x8000), [2, D]);
const captionOf = (row: number, extra: [Node, Node][] = []): Node =>
  new Map<Node, Node>([
    ['image_id', 391895],
    ['id', 770337 + row],
    ['caption', `Caption ${row}.`],
    ['clip_embedding', row],
    ...extra,
  ]);
const read = (bytes: Uint8Array) => readClipCapFeatures(bytesSource(bytes, 'x.pkl'));

for (const protocol of [3, 4]) {
  test(`protocol ${protocol}: captions and their features`, async () => {
    const bytes = clipCapPickle(f32, [captionOf(2), captionOf(0, [['split', 'train']])], { protocol });
    const { clip_embedding, captions } = await read(bytes);
    assert.equal(captions, [
      { caption: 'Caption 2.', clip_embedding: 2, image_id: 391895, id: 770339 },
      { caption: 'Caption 0.', clip_embedding: 0, image_id: 391895, id: 770337 },
    ]);
    assert.is(clip_embedding.dtype, 'F32');
    assert.equal(clip_embedding.shape, [3, D]);
    assert.equal([...(await clip_embedding.readAsF32({ begin: 2 * D, end: 3 * D }))], [4, 4.5, 5, 5.5]);
    const file = await openTorchFile(bytesSource(bytes));
    assert.equal(file.names(), ['clip_embedding']);
    assert.equal(await file.readAsF32('clip_embedding'), f32.storage.data);
  });

  test(`protocol ${protocol}: features made on a GPU are f16`, async () => {
    const { clip_embedding } = await read(clipCapPickle(f16, [], { protocol }));
    assert.is(clip_embedding.dtype, 'F16');
    assert.equal([...(await clip_embedding.readAsF32())], [1, 2, 3, 4, 0, 0, 0, -0]);
  });
}

test('one bytes value behind two tensors is read once', async () => {
  const bytes = legacyFile((s) => s.persistent(f32.storage));
  const storage = (): Node => reduced(named('torch.storage', '_load_from_bytes'), bytes);
  const tensor = (): Node =>
    reduced(
      named('torch._utils', '_rebuild_tensor_v2'),
      storage(),
      0,
      reduced(named('torch', 'Size'), tuple(12)),
      tuple(1),
      false,
      null,
    );
  const file = await openTorchFile(
    bytesSource(
      pickle(
        new Map([
          ['a', tensor()],
          ['b', tensor()],
        ]),
        3,
      ),
    ),
  );
  assert.is(file.tensor('a').storage, file.tensor('b').storage);
  assert.equal([...(await file.readAsF32('b', { begin: 11 }))], [5.5]);
});

const refusals: [what: string, bytes: Uint8Array, message: RegExp][] = [
  [
    'a state dict',
    legacyFile((s) => new Map<Node, Node>([['w', s.tensor(f32)]])),
    /it holds a dict, not ClipCap's/,
  ],
  ['a list', pickle([1], 4), /it holds a list, not ClipCap's/],
  [
    'features of three axes',
    clipCapPickle({ ...f32, shape: [3, 2, 2] }, []),
    /clip_embedding is \[3, 2, 2\]/,
  ],
  [
    'a caption that is no dict',
    clipCapPickle(f32, [captionOf(0), 'text']),
    /captions\[1\]: it is "text", not a dict/,
  ],
  [
    'a caption without text',
    clipCapPickle(f32, [new Map<Node, Node>([['clip_embedding', 0]])]),
    /captions\[0\]: "caption" is None, not a text/,
  ],
  [
    'a row too far',
    clipCapPickle(f32, [captionOf(3)]),
    /captions\[0\]: "clip_embedding" is 3, none of the 3 rows/,
  ],
  ['a negative row', clipCapPickle(f32, [captionOf(-1)]), /"clip_embedding" is -1, none of/],
  ['a tensor whose bytes are no storage', tensorOfNothing(), /the bytes of a tensor hold no storage/],
  ['a tensor within a tensor', nested(), /names "torch\.storage\._load_from_bytes"/],
];
for (const [what, bytes, message] of refusals)
  test(`refuses ${what}`, () => refuses(() => read(bytes), message));

function tensorOfNothing(): Uint8Array {
  return pickle(
    reduced(
      named('torch.storage', '_load_from_bytes'),
      legacyFile(() => null),
    ),
    4,
  );
}

function nested(): Uint8Array {
  const inner = legacyFile(() => tensorInPickle(f32));
  return pickle(reduced(named('torch.storage', '_load_from_bytes'), inner), 4);
}

test.run();
