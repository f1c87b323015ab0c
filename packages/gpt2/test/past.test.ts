// Keys and values given before the first row (a deep prefix): what they mean, their gradient, and the cache that begins with them.
import { failOnGpuErrors, relativeError, suite } from '@foreword/test-kit';
import {
  attention,
  concat,
  grad,
  openDevice,
  slice,
  tensor,
  type Device,
  type Tensor,
} from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { allLogits, DecodeSession, Gpt2Generator, type Gpt2 } from '../src/index.ts';
import { idTensor, tinyConfig, tinyModel } from './tiny-model.ts';

const test = suite('past', { timeLimitSeconds: 240 });

const { n_embd: C, n_layer: L, n_head: heads, vocab_size: V } = tinyConfig;
const [N, Q, T] = [2, 3, 4];
let device: Device;
let model: Gpt2;
test.before(async () => {
  device = await openDevice();
  model = tinyModel(device);
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => {
  model.dispose();
  device.close();
});

const waves = (size: number): Float32Array => Float32Array.from({ length: size }, (_, i) => Math.sin(i * i));
const pastValues = waves(N * Q * L * 2 * C);
const past = (): Tensor => tensor(device, pastValues, [N, Q, L * 2 * C]);
const read = async (t: Tensor): Promise<Float32Array> => (await t.read()) as Float32Array;

test('the keys and values of rows stand for the rows themselves', async () => {
  await device.scope(async () => {
    const x = tensor(device, waves(N * (Q + T) * C), [N, Q + T, C]);
    // The model's own keys and values of the first Q rows, collected while it reads all of them.
    const collected: Tensor[] = [];
    const whole = model.blocks(model.addPositions(x), (qkv) => {
      collected.push(slice(slice(qkv, { axis: 1, end: Q }), { axis: 2, start: C }));
      return attention([qkv], { heads, causal: true });
    });
    const rest = slice(x, { axis: 1, start: Q });
    const got = model.hidden(rest, { past: concat(collected, { axis: 2 }) });
    const error = relativeError(await read(got), await read(slice(whole, { axis: 1, start: Q })));
    assert.ok(error < 1e-6, `${error}`);
    // And they matter: without them the rows are others.
    const alone = relativeError(await read(model.hidden(rest, { offset: Q })), await read(got));
    assert.ok(alone > 0.01, `${alone}`);
  });
});

test('the gradient of the past agrees with differences of the loss', async () => {
  const given = tensor(device, pastValues, [N, Q, L * 2 * C], { persistent: true }).trainable();
  const rows = tensor(device, waves(N * T * C), [N, T, C], { persistent: true });
  const targets = [5, 4, 0, 0, 36, 9, 7, 2];
  const loss = (): Tensor =>
    model.loss(rows, idTensor(device, targets, [N, T]), { past: given, ignoreIndex: 0 });
  const gradient = await device.scope(async () => await read(grad(loss(), [given])[0]));
  const lossAt = async (step: number, direction: Float32Array): Promise<number> => {
    given.write(pastValues.map((v, i) => v + step * direction[i]));
    return await device.scope(async () => await loss().item());
  };
  // Along the gradient of keys alone and of values alone, of each layer alone, the slope is that part's norm.
  for (let part = 0; part < 2 * L; part++) {
    const own = gradient.map((g, i) => (Math.floor((i % (L * 2 * C)) / C) === part ? g : 0));
    const norm = Math.hypot(...own);
    assert.ok(norm > 1e-3, `part ${part} has the gradient ${norm}`);
    const unit = own.map((g) => g / norm);
    const slope = ((await lossAt(0.01, unit)) - (await lossAt(-0.01, unit))) / 0.02;
    assert.ok(Math.abs(slope - norm) < 0.01 * norm + 1e-4, `part ${part}: slope ${slope}, gradient ${norm}`);
  }
  given.dispose();
  rows.dispose();
});

test('cached steps behind a past give the logits of plain recomputation', async () => {
  const maxTokens = 5;
  const shape = { items: N, prefixRows: 2, pastRows: Q, rowsPerItem: 2, maxTokens };
  const session = await DecodeSession.open(model, shape, allLogits);
  const text = [
    [4, 7, 1, 30],
    [9, 9, 2, 0],
    [1, 2, 3, 4],
    [8, 6, 4, 2],
  ];
  await device.scope(async () => {
    const prefix = tensor(device, waves(N * 2 * C), [N, 2, C]);
    const cached = [await session.prefill(prefix, past())];
    for (let t = 0; t < maxTokens - 1; t++)
      cached.push(await session.step(Uint32Array.from(text, (ids) => ids[t])));
    // Every item has two rows: row r continues item r / 2.
    const twice = (t: Tensor): Tensor =>
      concat(
        [0, 0, 1, 1].map((n) => slice(t, { axis: 0, start: n, end: n + 1 })),
        { axis: 0 },
      );
    const tokens = model.embed(idTensor(device, text.flat(), [4, maxTokens - 1]));
    const rows = concat([twice(prefix), tokens], { axis: 1 });
    const whole = await read(model.logits(model.hidden(rows, { past: twice(past()) })));
    for (const [t, { values }] of cached.entries()) {
      for (let row = 0; row < 4; row++) {
        // The prefill answers with one row per item.
        const from = t === 0 ? Math.floor(row / 2) : row;
        const at = (row * (maxTokens + 1) + 1 + t) * V;
        const error = relativeError(values.subarray(from * V, (from + 1) * V), whole.subarray(at, at + V));
        assert.ok(error < 1e-5, `row ${row}, step ${t}: ${error}`);
      }
    }
  });
  session.dispose();
});

test('what does not fit is refused, and the past takes positions', async () => {
  const generator = new Gpt2Generator(model);
  await device.scope(async () => {
    const prefix = tensor(device, waves(N * C), [N, 1, C]);
    const narrow = tensor(device, waves(N * Q * C), [N, Q, C]);
    assert.throws(() => model.hidden(prefix, { past: narrow }), /the past \[2, 3, 16\] is no \[2, P, 64\]/);
    const message = async (options: { past: Tensor; maxTokens?: number }): Promise<string> =>
      await generator.generate({ prefix, stop: [], ...options }).then(
        () => '',
        (error: Error) => error.message,
      );
    assert.match(
      await message({ past: narrow }),
      /the past is \[2, 3, 16\], this session reads \[2, 3, 64\]/,
    );
    assert.match(
      await message({ past: past(), maxTokens: 22 }),
      /4 prefix rows and 22 tokens take 25 positions, the model has 24; maxTokens can be at most 21/,
    );
  });
  generator.dispose();
});

test.run();
