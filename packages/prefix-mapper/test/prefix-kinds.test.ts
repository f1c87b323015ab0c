// The four places of a prefix: loss and decoding against plain recomputation, gradients, saving and loading.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Gpt2 } from '@foreword/gpt2';
import { failOnGpuErrors, relativeError, suite } from '@foreword/test-kit';
import { concat, grad, noGrad, openDevice, tensor, type Device, type Tensor } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import {
  captionLoss,
  Captioner,
  createMapper,
  nearestTokens,
  prefixInputs,
  prefixKinds,
  type MapperConfig,
  type PrefixKind,
  type PrefixMapper,
  type PrefixPlacement,
} from '../src/index.ts';
import { loadCaptioner } from '../src/node.ts';
import { disposeModels, tinyModels, writeRun, type TinyModels } from './tiny-run.ts';

const test = suite('prefix kinds', { timeLimitSeconds: 300 });

const [B, D, P, d, L] = [3, 16, 2, 32, 2];
const prompt = [7, 30, 12];
const placements: Record<PrefixKind, PrefixPlacement> = {
  embedding: { kind: 'embedding' },
  infix: { kind: 'infix', prompt },
  deep: { kind: 'deep', layers: L, width: 12, prompt: [5] },
  hard: { kind: 'hard', prompt },
};
let device: Device;
let models: TinyModels;
let gpt2: Gpt2;

test.before(async () => {
  device = await openDevice();
  models = tinyModels(device);
  models.gpt2.dispose();
  // As wide as its width asks for: what stands before then changes what is said.
  const config = { ...models.gpt2.config, n_layer: L, initializer_range: 0.18 };
  gpt2 = models.gpt2 = Gpt2.random(device, config, 4);
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => {
  disposeModels(models);
  assert.is(device.stats.liveBytes, 0, 'all memory is freed');
  device.close();
});

async function mapperOf(kind: PrefixKind): Promise<PrefixMapper> {
  const placement = placements[kind];
  const config: MapperConfig = { type: 'mlp', prefixLength: P, featureSize: D, embeddingSize: d, placement };
  const mapper = createMapper(device, config, { seed: 5 });
  // New keys and values are too small to change what a random GPT-2 says.
  const last = mapper.namedParameters().get('reparameterisation.2.weight')!;
  last?.write((await read(last)).map((w) => 8 * w));
  return mapper;
}

const featureValues = Array.from({ length: B }, (_, n) =>
  Float32Array.from({ length: D }, (__, i) => 8 * Math.sin((n + 1) * (i + 1))),
);
const features = (): Tensor =>
  tensor(
    device,
    featureValues.flatMap((f) => [...f]),
    [B, D],
  );
const captions = [
  [4, 9, 0],
  [11, 2, 33],
  [8, 0, 0],
];
const tokens = (): Tensor => tensor(device, captions.flat(), [B, 3], { dtype: 'i32' });
const read = async (t: Tensor): Promise<Float32Array> => (await t.read()) as Float32Array;

/** Logits of the row before each of `ids` and of the one after them, without a cache. */
async function plainLogits(mapper: PrefixMapper, ids: readonly number[][]): Promise<number[][][]> {
  const T = ids[0].length;
  const V = gpt2.config.vocab_size;
  const values = await device.scope(async () => {
    const { rows, past } = noGrad(device, () => prefixInputs(gpt2, mapper, features()));
    const written = T > 0 ? [gpt2.embed(tensor(device, ids.flat(), [B, T], { dtype: 'u32' }))] : [];
    const hidden = gpt2.hidden(concat([rows, ...written], { axis: 1 }), { past });
    return { all: await read(gpt2.logits(hidden)), S: rows.dim(1) };
  });
  return ids.map((_, b) =>
    Array.from({ length: T + 1 }, (__, t) => {
      const at = (b * (values.S + T) + values.S - 1 + t) * V;
      return [...values.all.subarray(at, at + V)];
    }),
  );
}

for (const kind of prefixKinds) {
  test(`${kind}: the loss is that of the logits, and the cache decodes what plain recomputation does`, async () => {
    const mapper = await mapperOf(kind);
    const loss = await device.scope(() =>
      captionLoss(gpt2, mapper, { features: features(), tokens: tokens() }).item(),
    );
    const logits = await plainLogits(mapper, captions);
    const costs = captions.flatMap((ids, b) =>
      ids.flatMap((id, t) => {
        const total = logits[b][t].reduce((sum, x) => sum + Math.exp(x), 0);
        return id === 0 ? [] : [Math.log(total) - logits[b][t][id]];
      }),
    );
    const mean = costs.reduce((a, b) => a + b) / costs.length;
    assert.is(costs.length, 6);
    assert.ok(Math.abs(loss - mean) < 1e-5 * mean, `${loss}, not ${mean}`);

    const captioner = new Captioner({ ...models, mapper, stop: [], batch: B });
    const maxTokens = 5;
    const greedy = await captioner.captionFeatures(featureValues, { maxTokens });
    const ids = greedy.map((caption) => caption.ids);
    const again = await plainLogits(
      mapper,
      ids.map((own) => own.slice(0, -1)),
    );
    const argmaxes = again.map((rows) => rows.map((row) => row.indexOf(Math.max(...row))));
    assert.equal(ids, argmaxes);
    assert.ok(new Set(ids.map(String)).size > 1, `captions depend on the pictures: ${ids.join(' | ')}`);
    // A beam of one is greedy; a beam of two has caches with several rows for a picture.
    const [beam] = await captioner.captionFeatures([featureValues[0]], { maxTokens, decode: { beam: 2 } });
    const scores = await plainLogits(mapper, [beam.ids, beam.ids, beam.ids]);
    const logProb = beam.ids.reduce((sum, id, t) => {
      const row = scores[0][t];
      return sum + row[id] - Math.log(row.reduce((total, x) => total + Math.exp(x), 0));
    }, 0);
    assert.ok(
      Math.abs(logProb / maxTokens - beam.score!) < 1e-4,
      `${logProb / maxTokens}, not ${beam.score}`,
    );
    let joined = '';
    for await (const piece of captioner.stream(new Float32Array(3 * 64).fill(0.5), { maxTokens }))
      joined += piece;
    const single = await captioner.caption(new Float32Array(3 * 64).fill(0.5), { maxTokens });
    assert.is(joined, single.text);
    captioner.dispose();
    mapper.dispose();
  });
}

test('a deep prefix is the MLP of prefix-tuning: per layer keys, then values; gradients reach every parameter', async () => {
  const mapper = await mapperOf('deep');
  const parameters = Object.fromEntries(mapper.namedParameters());
  assert.equal(
    Object.entries(parameters)
      .slice(0, 4)
      .map(([name, t]) => `${name} ${t.shape.join('×')}`),
    [
      'reparameterisation.0.weight 12×32',
      'reparameterisation.0.bias 12',
      'reparameterisation.2.weight 128×12',
      'reparameterisation.2.bias 128',
    ],
  );
  const [w1, b1, w2, b2] = await Promise.all(Object.values(parameters).slice(0, 4).map(read));
  const [rows, past] = await device.scope(async () => {
    const made = mapper.forward(features());
    return await Promise.all([read(made), read(prefixInputs(gpt2, mapper, features()).past!)]);
  });
  const wanted = new Float32Array(past.length);
  for (let row = 0; row < B * P; row++) {
    const hidden = [...b1].map((b, j) =>
      Math.tanh(w1.subarray(j * d, (j + 1) * d).reduce((sum, w, i) => sum + w * rows[row * d + i], b)),
    );
    b2.forEach(
      (b, j) => (wanted[row * b2.length + j] = hidden.reduce((sum, h, i) => sum + h * w2[j * 12 + i], b)),
    );
  }
  assert.ok(relativeError(past, wanted) < 1e-6);

  const lossOf = (): Tensor => captionLoss(gpt2, mapper, { features: features(), tokens: tokens() });
  const gradients = await device.scope(
    async () => await Promise.all(grad(lossOf(), Object.values(parameters)).map(read)),
  );
  for (const [i, [name, parameter]] of Object.entries(parameters).entries()) {
    const values = (await read(parameter)).slice();
    const norm = Math.hypot(...gradients[i]);
    assert.ok(norm > 1e-4, `${name} has the gradient ${norm}`);
    // Weights of the mapper meet features of size 8: a small step is a large change.
    const step = name.startsWith('model.0') ? 2e-3 : 2e-2;
    const lossAt = async (sign: number): Promise<number> => {
      parameter.write(values.map((v, k) => v + (sign * step * gradients[i][k]) / norm));
      return await device.scope(() => lossOf().item());
    };
    const slope = ((await lossAt(1)) - (await lossAt(-1))) / (2 * step);
    parameter.write(values);
    assert.ok(Math.abs(slope - norm) < 2e-4 + 0.02 * norm, `${name}: slope ${slope}, gradient ${norm}`);
  }
  mapper.dispose();
});

test('a hard prefix is made of words, the nearest by cosine, and passes their gradient on', async () => {
  const mapper = await mapperOf('hard');
  const table = await read(gpt2.tokenTable);
  const V = gpt2.config.vocab_size;
  const lengths = Array.from({ length: V }, (_, v) => Math.hypot(...table.subarray(v * d, (v + 1) * d)));
  const made = await device.scope(() => read(mapper.forward(features())));
  const nearest = Array.from({ length: B * P }, (_, row) => {
    const cosines = lengths.map(
      (length, v) =>
        table.subarray(v * d, (v + 1) * d).reduce((sum, w, i) => sum + w * made[row * d + i], 0) / length,
    );
    return cosines.indexOf(Math.max(...cosines));
  });
  assert.ok(new Set(nearest).size > 2);
  await device.scope(async () => {
    assert.equal([...(await nearestTokens(gpt2, mapper.forward(features())).read())], nearest);
    const ids = tensor(device, nearest, [B, P], { dtype: 'u32' });
    const words = gpt2.embed(ids);
    const { rows } = noGrad(device, () => prefixInputs(gpt2, mapper, features()));
    const text = gpt2.embed(tensor(device, [prompt, prompt, prompt].flat(), [B, 3], { dtype: 'u32' }));
    const whole = concat([text, words], { axis: 1 });
    // Without gradients they are the words themselves, bit for bit.
    assert.equal(await read(rows), await read(whole));
    const leaf = tensor(device, await read(words), [B, P, d]).trainable();
    const sequence = concat([text, leaf, gpt2.embed(tokens())], { axis: 1 });
    const direct = gpt2.loss(sequence, tokens(), { firstRow: 4, ignoreIndex: 0 });
    const wanted = await read(grad(direct, [leaf])[0]);
    const loss = captionLoss(gpt2, mapper, { features: features(), tokens: tokens() });
    const bias = await read(grad(loss, [mapper.namedParameters().get('model.2.bias')!])[0]);
    const summed = bias.map((_, i) => [0, 1, 2].reduce((sum, b) => sum + wanted[b * P * d + i], 0));
    assert.ok(Math.hypot(...summed) > 1e-3);
    assert.ok(relativeError(bias, summed) < 1e-5);
  });
  mapper.dispose();
});

test('a run’s folder brings the placement back', async () => {
  for (const kind of prefixKinds) {
    const mapper = (await mapperOf(kind)).trainable(false);
    const captioner = new Captioner({ ...models, mapper, stop: [] });
    const run = await writeRun({ ...models, mapper });
    const loaded = await loadCaptioner(device, run);
    assert.equal(loaded.parts.mapper.config.placement, mapper.config.placement);
    const [wanted] = await captioner.captionFeatures([featureValues[1]], { maxTokens: 4 });
    const stop = loaded.parts.stop[0];
    const end = wanted.ids.indexOf(stop);
    const [got] = await loaded.captionFeatures([featureValues[1]], { maxTokens: 4 });
    assert.equal(got.ids, end < 0 ? wanted.ids : wanted.ids.slice(0, end + 1));
    for (const part of [captioner, loaded, mapper]) part.dispose();
    await rm(join(run, '..'), { recursive: true });
  }
});

test('what does not fit is refused', () => {
  const refused = (placement: PrefixPlacement, message: RegExp): void => {
    const config = { type: 'mlp', prefixLength: P, featureSize: D, embeddingSize: d, placement } as const;
    assert.throws(() => createMapper(device, config, { seed: 1 }), message);
  };
  refused({ kind: 'deeper' as 'deep' }, /kind is "deeper"; one of embedding, deep, infix, hard/);
  refused({ kind: 'infix' }, /kind infix needs a prompt/);
  refused({ kind: 'deep', layers: 2 }, /kind deep needs a prompt: the token that predicts the first one/);
  refused({ kind: 'deep', prompt: [5] }, /layers is undefined; a whole number from 1/);
  refused({ kind: 'deep', prompt: [5], layers: 2, width: 0.5 }, /width is 0\.5/);
  refused({ kind: 'embedding', prompt: [1] }, /embedding has no prompt; take infix/);
  refused({ kind: 'hard', prompt: [-1] }, /prompt is \[-1\]; a list of token ids/);
  const mapperWith = (placement: PrefixPlacement): PrefixMapper =>
    createMapper(
      device,
      { type: 'linear', prefixLength: P, featureSize: D, embeddingSize: d, placement },
      { seed: 1 },
    );
  const deep = mapperWith({ kind: 'deep', layers: 1, prompt: [5] });
  assert.throws(
    () => new Captioner({ ...models, mapper: deep, stop: [] }),
    /GPT-2 has 2 layers, the deep prefix is for 1/,
  );
  const long = mapperWith({ kind: 'infix', prompt: Array.from({ length: 22 }, () => 1) });
  assert.throws(
    () => new Captioner({ ...models, mapper: long, stop: [] }),
    /a prefix of 24 leaves none of GPT-2's 24 positions/,
  );
  deep.dispose();
  long.dispose();
});

test.run();
