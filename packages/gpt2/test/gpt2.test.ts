// The model: initial weights, gradients of every kind of parameter, dropout, f16, saving and loading.
import { failOnGpuErrors, relativeError, suite } from '@foreword/test-kit';
import {
  bytesSource,
  grad,
  openDevice,
  openSafetensors,
  tensor,
  writeSafetensors,
  type Device,
  type Tensor,
} from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { Gpt2, gpt2ConfigJson, loadGpt2, parseGpt2Config, type LossOptions } from '../src/index.ts';
import { idTensor, tinyConfig, tinyModel } from './tiny-model.ts';

const test = suite('gpt2', { timeLimitSeconds: 180 });

let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

const B = 2;
const T = 5;
const C = tinyConfig.n_embd;
const prefixRows = 3;
const embeddingValues = Float32Array.from({ length: B * T * C }, (_, i) => Math.sin(i * 1.7));
const captions = [
  [4, 0, 36],
  [7, 2, 0],
];

/** The loss of captions after prefix rows, as in ClipCap: row P − 1 predicts the first token, id 0 does not count. */
const captionLoss = (model: Gpt2, embeddings: Tensor, options: LossOptions = {}): Tensor =>
  model.loss(embeddings, idTensor(device, captions.flat(), [B, 3]), {
    firstRow: prefixRows - 1,
    ignoreIndex: 0,
    ...options,
  });

test('initial weights are GPT-2’s', async () => {
  const config = parseGpt2Config({ vocab_size: 400, n_positions: 30, n_embd: 64, n_layer: 2, n_head: 4 });
  const model = Gpt2.random(device, config, 3);
  const spread = async (name: string): Promise<number> => {
    const values = await model.namedParameters().get(name)!.read();
    return Math.sqrt((values as Float32Array).reduce((a, b) => a + b * b, 0) / values.length);
  };
  const near = (got: number, wanted: number): void =>
    assert.ok(Math.abs(got / wanted - 1) < 0.05, `${got}, not ${wanted}`);
  near(await spread('wte.weight'), 0.02);
  near(await spread('h.0.attn.c_attn.weight'), 0.02);
  near(await spread('h.1.mlp.c_proj.weight'), 0.02 / Math.sqrt(2 * 2));
  assert.is(await spread('h.1.mlp.c_proj.bias'), 0);
  assert.is(await spread('ln_f.weight'), 1);
  const other = Gpt2.random(device, config, 4);
  const first = async (m: Gpt2, name: string): Promise<number> =>
    (await m.namedParameters().get(name)!.read())[0];
  assert.is.not(await first(model, 'wte.weight'), await first(other, 'wte.weight'));
  assert.is.not(await first(model, 'wte.weight'), await first(model, 'wpe.weight'));
  model.dispose();
  other.dispose();
});

test('the loss of a range of rows is that of the logits there', async () => {
  const model = tinyModel(device);
  await device.scope(async () => {
    const embeddings = tensor(device, embeddingValues, [B, T, C]);
    const logits = (await model.logits(model.hidden(embeddings)).read()) as Float32Array;
    const V = tinyConfig.vocab_size;
    let total = 0;
    let count = 0;
    captions.forEach((ids, b) =>
      ids.forEach((id, i) => {
        if (id === 0) return;
        const at = (b * T + prefixRows - 1 + i) * V;
        const row = logits.subarray(at, at + V);
        total += Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0)) - row[id];
        count++;
      }),
    );
    const loss = await captionLoss(model, embeddings).item();
    assert.is(count, 4);
    assert.ok(Math.abs(loss - total / count) < 1e-5 * loss, `${loss}, not ${total / count}`);
  });
  model.dispose();
});

test('gradients of all kinds of parameters agree with differences of the loss', async () => {
  const model = tinyModel(device).trainable();
  const names = [
    'wte.weight',
    'wpe.weight',
    'h.0.ln_1.weight',
    'h.0.attn.c_attn.weight',
    'h.0.attn.c_attn.bias',
    'h.1.attn.c_proj.weight',
    'h.1.ln_2.bias',
    'h.1.mlp.c_fc.weight',
    'h.0.mlp.c_proj.bias',
    'ln_f.weight',
  ];
  const wrt = names.map((name) => model.namedParameters().get(name)!);
  // Tokens on the input side too, so that wte gets both of its gradients.
  const run = (): Tensor => {
    const ids = idTensor(device, [5, 4, 4, 0, 36, 9, 7, 7, 2, 0], [B, T]);
    return captionLoss(model, model.embed(ids));
  };
  const grads = await device.scope(async () => {
    const all = grad(run(), wrt);
    return await Promise.all(all.map(async (g) => (await g.read()) as Float32Array));
  });
  for (const [i, parameter] of wrt.entries()) {
    const values = Float32Array.from((await parameter.read()) as Float32Array);
    // Along the gradient the difference is largest against the rounding of an f32 loss.
    const norm = Math.hypot(...grads[i]);
    assert.ok(norm > 1e-4, `${names[i]} has no gradient`);
    const step = 2e-3;
    const lossAt = async (sign: number): Promise<number> => {
      parameter.write(values.map((v, k) => v + (sign * step * grads[i][k]) / norm));
      return await device.scope(async () => await run().item());
    };
    const slope = ((await lossAt(1)) - (await lossAt(-1))) / (2 * step);
    parameter.write(values);
    assert.ok(Math.abs(slope - norm) < 1e-3 + 0.01 * norm, `${names[i]}: slope ${slope}, gradient ${norm}`);
  }
  model.dispose();
});

test('dropout needs a seed, follows it, and leaves the mean loss near', async () => {
  const model = tinyModel(device, { embd_pdrop: 0.2, resid_pdrop: 0.1 });
  await device.scope(async () => {
    const embeddings = tensor(device, embeddingValues, [B, T, C]);
    const lossOf = async (seed?: readonly [number, number]): Promise<number> =>
      await captionLoss(model, embeddings, { dropoutSeed: seed && idTensor(device, seed) }).item();
    const plain = await lossOf();
    assert.is(await lossOf(), plain);
    const dropped = await lossOf([1, 0]);
    assert.is.not(dropped, plain);
    assert.is(await lossOf([1, 0]), dropped);
    assert.is.not(await lossOf([1, 1]), dropped);
    let mean = 0;
    for (let step = 0; step < 40; step++) mean += (await lossOf([9, step])) / 40;
    assert.ok(Math.abs(mean - plain) < 0.3 * plain, `${mean} against ${plain}`);
  });
  model.dispose();
});

test('positions: an offset is that of the rows themselves, and too many rows are refused', async () => {
  const model = tinyModel(device);
  await device.scope(async () => {
    const zeros = tensor(device, new Float32Array(B * T * C), [B, T, C]);
    const shifted = (await model.addPositions(zeros, 4).read()).slice(0, T * C);
    const table = await model.namedParameters().get('wpe.weight')!.read();
    assert.equal(shifted, table.slice(4 * C, (4 + T) * C));
    assert.throws(() => model.addPositions(zeros, 20), /positions 20 to 24 are over the model's 24/);
    assert.throws(() => model.hidden(zeros.reshape([B, T * C])), /are no \[B, T, 16\]/);
    const targets = idTensor(device, [1, 2, 3, 4], [B, 2]);
    assert.throws(
      () => model.loss(zeros, targets, { firstRow: 4 }),
      /targets \[2, 2\] from row 4 do not fit embeddings \[2, 5, 16\]/,
    );
  });
  model.dispose();
});

test('saved and loaded, the loss is the same bit for bit; with f16 matrices it is near', async () => {
  const model = tinyModel(device);
  const metadata = { format: 'pt' };
  const entries = (await model.entries()).map((entry) => ({
    ...entry,
    name: `transformer.${entry.name}`,
  }));
  const weights = await openSafetensors(bytesSource(writeSafetensors(entries, metadata)));
  const config = JSON.parse(gpt2ConfigJson(model.config)) as Record<string, unknown>;
  const loaded = await loadGpt2(device, { config, weights });
  const hidden = async (m: Gpt2): Promise<Float32Array> =>
    await device.scope(
      async () =>
        (await m.logits(m.hidden(tensor(device, embeddingValues, [B, T, C]))).read()) as Float32Array,
    );
  const wanted = await hidden(model);
  assert.equal(await hidden(loaded), wanted);
  assert.equal(loaded.config, model.config);
  if (device.adapter.f16) {
    const half = await loadGpt2(device, { config, weights, dtype: 'f16' });
    assert.is(half.tokenTable.dtype, 'f16');
    assert.is(half.namedParameters().get('ln_f.weight')!.dtype, 'f32');
    const error = relativeError(await hidden(half), wanted);
    assert.ok(error > 0 && error < 3e-3, `${error}`);
    const [, , c_attn] = await half.entries({ dtype: 'F16' });
    assert.is(c_attn.dtype, 'F16');
    half.dispose();
  }
  model.dispose();
  loaded.dispose();
});

test('a broken file leaves no memory behind', async () => {
  const model = tinyModel(device);
  const entries = await model.entries();
  const config = JSON.parse(gpt2ConfigJson(model.config)) as Record<string, unknown>;
  model.dispose();
  const before = device.stats.liveBytes;
  const bytes = writeSafetensors(entries);
  const source = bytesSource(bytes);
  const weights = await openSafetensors({
    ...source,
    read: async (begin, end) =>
      end > bytes.length - 1000 ? new Uint8Array(0) : await source.read(begin, end),
  });
  let message = '';
  await loadGpt2(device, { config, weights }).catch((error: Error) => (message = error.message));
  assert.match(message, 'the file is truncated or changed');
  assert.is(device.stats.liveBytes, before);
});

test.run();
