// Files that PyTorch itself wrote: ClipCap's checkpoints and features, every kind of element, a training checkpoint.
import { fileURLToPath } from 'node:url';
import { fileSource, openSafetensors, bytesSource, writeSafetensors } from '@foreword/tensor/node';
import { goldenTensor, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openTorchFile, readClipCapFeatures, type TorchFile } from '../src/index.ts';
import { refuses } from './refuses.ts';

const test = suite('PyTorch files');

const [D, WIDTH, P, VOCABULARY, POSITIONS] = [8, 12, 3, 11, 6];
const path = (name: string): string => fileURLToPath(new URL(`golden/${name}`, import.meta.url));
const open = async (name: string, within?: string): Promise<TorchFile> =>
  await openTorchFile(await fileSource(path(name)), { within });
const drawn = (name: string, shape: readonly number[]): Float32Array =>
  goldenTensor(1, 'torch/', name, shape, 1);

type Shapes = Record<string, readonly number[]>;

const gpt: Shapes = {
  'gpt.transformer.wte.weight': [VOCABULARY, WIDTH],
  'gpt.transformer.wpe.weight': [POSITIONS, WIDTH],
  'gpt.lm_head.weight': [VOCABULARY, WIDTH],
};
const mlp: Shapes = {
  'clip_project.model.0.weight': [(WIDTH * P) / 2, D],
  'clip_project.model.0.bias': [(WIDTH * P) / 2],
  'clip_project.model.2.weight': [WIDTH * P, (WIDTH * P) / 2],
  'clip_project.model.2.bias': [WIDTH * P],
};
const layer = (i: number): Shapes =>
  Object.fromEntries(
    Object.entries({
      'norm1.weight': [WIDTH],
      'norm1.bias': [WIDTH],
      'attn.to_queries.weight': [WIDTH, WIDTH],
      'attn.to_keys_values.weight': [2 * WIDTH, WIDTH],
      'attn.project.weight': [WIDTH, WIDTH],
      'attn.project.bias': [WIDTH],
      'norm2.weight': [WIDTH],
      'norm2.bias': [WIDTH],
      'mlp.fc1.weight': [2 * WIDTH, WIDTH],
      'mlp.fc1.bias': [2 * WIDTH],
      'mlp.fc2.weight': [WIDTH, 2 * WIDTH],
      'mlp.fc2.bias': [WIDTH],
    }).map(([name, shape]) => [`clip_project.transformer.layers.${i}.${name}`, shape]),
  );
const transformer: Shapes = {
  'clip_project.prefix_const': [P, WIDTH],
  ...layer(0),
  ...layer(1),
  'clip_project.linear.weight': [P * WIDTH, D],
  'clip_project.linear.bias': [P * WIDTH],
};

const checkpoints: [file: string, layout: string, prefix: string, mapper: Shapes][] = [
  ['clipcap-mlp-zip.pt', 'archive', '', mlp],
  ['clipcap-mlp-legacy.pt', 'legacy', '', mlp],
  ['clipcap-mlp-parallel.pt', 'archive', 'module.', mlp],
  ['clipcap-transformer-zip.pt', 'archive', '', transformer],
  ['clipcap-transformer-legacy.pt', 'legacy', '', transformer],
];
for (const [name, layout, prefix, mapper] of checkpoints) {
  test(name, async () => {
    const file = await open(name);
    assert.is(file.layout, layout);
    const shapes = { ...mapper, ...gpt };
    const buffers = ['gpt.transformer.h.0.attn.bias', 'gpt.transformer.h.0.attn.masked_bias'];
    assert.equal(
      new Set(file.names()),
      new Set([...Object.keys(shapes), ...buffers].map((key) => prefix + key)),
    );
    for (const [key, shape] of Object.entries(shapes)) {
      assert.is(file.info(prefix + key).dtype, 'F32');
      assert.equal(file.info(prefix + key).shape, shape, key);
      // The head is the embedding.
      const source = key === 'gpt.lm_head.weight' ? 'gpt.transformer.wte.weight' : key;
      assert.equal(await file.readAsF32(prefix + key), drawn(source, shape), key);
    }
    const storageOf = (key: string) => file.tensor(prefix + key).storage;
    assert.is(storageOf('gpt.lm_head.weight'), storageOf('gpt.transformer.wte.weight'));
    const mask = `${prefix}${buffers[0]}`;
    assert.equal([file.info(mask).dtype, file.info(mask).shape], ['U8', [1, 1, POSITIONS, POSITIONS]]);
    const triangle = Array.from({ length: POSITIONS ** 2 }, (_, i) => Number(i % POSITIONS <= i / POSITIONS));
    assert.equal([...(await file.read(mask)).data].map(Number), triangle);
    assert.equal([...(await file.readAsF32(prefix + buffers[1]))], [-1e4]);
    await file.close();
  });
}

const f32 = (values: number[]): number[] => [...Float32Array.from(values)];
const grid = [...drawn('grid', [4, 6])];
const columns = (rows: number[], step: number): number[] =>
  rows.flatMap((r) => grid.slice(6 * r, 6 * r + 6).filter((_, c) => c % step === 0));
const floats = [0, -0, 1.5, -2.25, 3e-5, 65504];
const elements: Record<string, [dtype: string, shape: number[], values: (number | bigint)[]]> = {
  bool: ['BOOL', [3], [1, 0, 1]],
  uint8: ['U8', [3], [0, 1, 255]],
  int8: ['I8', [6], [0, 1, -1, 100, -128, 127]],
  int16: ['I16', [6], [0, 256, -256, 25600, -32768, 32512]],
  int32: ['I32', [6], [0, 1, -1, 100, -128, 127].map((x) => (x * 2 ** 24) | 0)],
  int64: ['I64', [6], [0n, 1n, -1n, 100n, -128n, 127n].map((x) => x * 2n ** 40n)],
  // 3e-5 is below f16's normal numbers: 503 steps of 2^-24. bf16 keeps 8 bits: 3e-5 = 251.7 · 2^-23, 65504 → 65536.
  float16: ['F16', [6], [0, -0, 1.5, -2.25, 503 * 2 ** -24, 65504]],
  bfloat16: ['BF16', [6], [0, -0, 1.5, -2.25, 252 * 2 ** -23, 65536]],
  float32: ['F32', [6], f32(floats)],
  float64: ['F64', [6], floats.map((x) => Math.fround(x) / 3)],
  scalar: ['F32', [], [7.5]],
  empty: ['F32', [0, 3], []],
  grid: ['F32', [4, 6], grid],
  'grid.T': ['F32', [6, 4], Array.from({ length: 24 }, (_, i) => grid[(i % 4) * 6 + Math.floor(i / 4)])],
  'grid[1:3, ::2]': ['F32', [2, 3], columns([1, 2], 2)],
  'grid[2].expand(3, 6)': ['F32', [3, 6], columns([2, 2, 2], 1)],
  parameter: ['F32', [6], columns([0], 1)],
  buffer: ['F32', [6], columns([3], 1)],
};
for (const name of ['elements-zip.pt', 'elements-legacy.pt']) {
  test(`${name}: every kind of element, views, parameters`, async () => {
    const file = await open(name);
    assert.equal(file.names(), Object.keys(elements));
    for (const [key, [dtype, shape, values]] of Object.entries(elements)) {
      assert.equal([file.info(key).dtype, [...file.info(key).shape]], [dtype, shape], key);
      const isHalf = /^B?F16$/.test(dtype);
      const got: ArrayLike<number | bigint> = isHalf
        ? await file.readAsF32(key)
        : (await file.read(key)).data;
      assert.equal(Array.from(got), values, key);
    }
    await file.close();
  });
}

test('a training checkpoint: weights beside counters and an optimiser', async () => {
  const file = await open('checkpoint-zip.pt', 'model');
  assert.equal(file.names(), ['weight', 'bias']);
  const before = drawn('weight', [2, 3]);
  const after = await file.readAsF32('weight');
  // AdamW's first step moves each weight by the rate against its gradient, having shrunk it by rate · 0.01.
  before.forEach((w, i) =>
    assert.ok(Math.abs(Math.abs(after[i] - w * (1 - 0.00125)) - 0.125) < 1e-5, String(i)),
  );
  const root = file.data as ReadonlyMap<string, unknown>;
  assert.is(root.get('epoch'), 3);
  assert.equal(root.get('shape'), [2, 3]);
  assert.equal(
    [...(root.get('args') as Map<string, unknown>)],
    [
      ['lr', 0.125],
      ['out_dir', './checkpoints'],
      ['only_prefix', false],
    ],
  );
  await file.close();
  const whole = await open('checkpoint-zip.pt');
  assert.ok(whole.has('optimizer.state.0.exp_avg'));
  await whole.close();
});

for (const name of ['features-3.pkl', 'features-4.pkl', 'features-5.pkl', 'features-f16.pkl']) {
  test(`${name}: ClipCap's features`, async () => {
    const source = await fileSource(path(name));
    const { clip_embedding, captions } = await readClipCapFeatures(source);
    assert.equal(clip_embedding.shape, [2, D]);
    const rows = [0, 1].flatMap((i) => [...drawn(`feature/${i}`, [1, D])]);
    if (name.endsWith('f16.pkl')) {
      assert.is(clip_embedding.dtype, 'F16');
      const got = await clip_embedding.readAsF32();
      rows.forEach((x, i) => assert.ok(Math.abs(got[i] - x) <= 2 ** -12, `${got[i]} for ${x}`));
      const again = await openSafetensors(
        bytesSource(
          writeSafetensors([{ name: 'x', dtype: 'F16', shape: [2, D], data: Float32Array.from(rows) }]),
        ),
      );
      assert.equal(got, await again.readAsF32('x'));
    } else {
      assert.is(clip_embedding.dtype, 'F32');
      assert.equal([...(await clip_embedding.readAsF32())], rows);
    }
    assert.equal(captions, [
      { image_id: 391895, caption: 'A man with a red helmet on a moped.', id: 770337, clip_embedding: 1 },
      { image_id: 522418, caption: 'Un café — 🙂', id: 681330, clip_embedding: 0 },
      { image_id: 391895, caption: 'Second caption of the first.', id: 771687, clip_embedding: 1 },
    ]);
    await source.close?.();
  });
}

test('features-2.pkl: protocol 2 has bytes only as the result of a call, which is refused by its name', async () => {
  await refuses(() => open('features-2.pkl'), /names "_codecs\.encode".*Nothing of a file is ever executed/);
});

test.run();
