// `load` of the Node entry, against a hub on 127.0.0.1: names, folders, files and URLs, in every format people have.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError } from '@foreword/hub/node';
import {
  bytesSource,
  openDevice,
  openSafetensors,
  writeSafetensors,
  type Device,
} from '@foreword/tensor/node';
import { failOnGpuErrors, HubSandbox, suite } from '@foreword/test-kit';
import { stateDictFile } from '@foreword/test-kit/torch';
import { trainBpe } from '@foreword/tokenizer';
import * as assert from 'uvu/assert';
import { gpt2ConfigJson, load, loadGpt2, type Gpt2, type NodeLoadOptions } from '../src/node.ts';
import { tinyConfig, tinyModel } from './tiny-model.ts';

const test = suite('load');
const sandbox = HubSandbox.in(test);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const tokenizer = {
  bytes: utf8(JSON.stringify(trainBpe({ texts: ['A dog.'], vocabSize: 258, flavour: 'gpt2' }))),
};
const config = { bytes: utf8(gpt2ConfigJson(tinyConfig)) };

type Values = Map<string, { shape: readonly number[]; data: Float32Array }>;
let device: Device;
/** Under Hugging Face's bare names. */
let values: Values;

test.before(async () => {
  device = await openDevice();
  const model = tinyModel(device);
  values = new Map();
  for (const [name, t] of model.namedParameters())
    values.set(name, { shape: t.shape, data: (await t.read()) as Float32Array });
  model.dispose();
});
test.after(() => device.close());
test.after.each(failOnGpuErrors(() => device));

const safetensors = (
  from: Iterable<[string, { shape: readonly number[]; data: Float32Array }]>,
): Uint8Array =>
  writeSafetensors([...from].map(([name, { shape, data }]) => ({ name, dtype: 'F32', shape, data })));
const prefixed = (prefix: string): Values =>
  new Map([...values].map(([name, value]) => [prefix + name, value]));

async function assertSame(model: Gpt2): Promise<void> {
  for (const [name, t] of model.namedParameters()) assert.equal(await t.read(), values.get(name)!.data, name);
}

async function loads(name: string, options?: NodeLoadOptions): Promise<Awaited<ReturnType<typeof load>>> {
  const loaded = await load(device, name, options);
  await assertSame(loaded.model);
  loaded.model.dispose();
  return loaded;
}

async function refusal(name: string, options?: NodeLoadOptions): Promise<Error & { cure?: string }> {
  const before = device.stats.liveBytes;
  try {
    await load(device, name, options);
  } catch (error) {
    assert.is(device.stats.liveBytes, before, 'nothing stays on the GPU');
    return error as Error;
  }
  assert.unreachable(`${name} was loaded`);
  throw new Error();
}

test('a repository: bare names, with progress; then from the cache, offline', async () => {
  const { server } = sandbox;
  server.add('openai-community/gpt2', {
    'config.json': config,
    'tokenizer.json': tokenizer,
    'model.safetensors': { bytes: safetensors(values), large: true },
  });
  server.renamed.set('gpt2', 'openai-community/gpt2');
  const seen = new Set<string>();
  const first = await loads('gpt2', { progress: ({ file }) => seen.add(file) });
  assert.equal([...seen].sort(), ['config.json', 'model.safetensors', 'tokenizer.json']);
  assert.is(first.commit, server.repositories.get('openai-community/gpt2')!.commit);
  assert.is(first.tokenizer.decode(first.tokenizer.encode('A dog.')), 'A dog.');
  const asked = server.seen.length;
  await loads('gpt2', { offline: true });
  assert.is(server.seen.length, asked);
});

test('names with transformer., the head and the old buffers attn.bias and attn.masked_bias', async () => {
  const withBuffers = prefixed('transformer.');
  const { shape, data } = values.get('wte.weight')!;
  withBuffers.set('lm_head.weight', { shape, data });
  for (let i = 0; i < tinyConfig.n_layer; i++) {
    const mask = new Float32Array(tinyConfig.n_positions ** 2);
    withBuffers.set(`transformer.h.${i}.attn.bias`, { shape: [1, 1, 24, 24], data: mask });
    withBuffers.set(`transformer.h.${i}.attn.masked_bias`, { shape: [], data: Float32Array.of(-1e4) });
  }
  sandbox.server.add('a/b', {
    'config.json': config,
    'tokenizer.json': tokenizer,
    'pytorch_model.bin': { bytes: stateDictFile(withBuffers), large: true },
  });
  await loads('a/b');
});

test('a folder with shards; a tokenizer from elsewhere', async () => {
  const folder = sandbox.path('model');
  await mkdir(folder);
  const names = [...values.keys()];
  const shardOf = (i: number): string => `model-${(i % 2) + 1}-of-2.safetensors`;
  for (const part of [0, 1]) {
    const own = [...values].filter((_, i) => i % 2 === part);
    await writeFile(join(folder, shardOf(part)), safetensors(own));
  }
  const map = Object.fromEntries(names.map((name, i) => [name, shardOf(i)]));
  await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
  await writeFile(join(folder, 'config.json'), config.bytes);
  const error = await refusal(folder);
  assert.instance(error, HubError);
  assert.match(error.message, 'there is no tokenizer.json');
  sandbox.server.add('gpt2', { 'tokenizer.json': tokenizer });
  await loads(folder, { tokenizer: 'gpt2' });
});

test('a file of weights and its URL need config and tokenizer, and say so', async () => {
  const bytes = stateDictFile(prefixed('module.gpt.transformer.'));
  const path = sandbox.path('tuned_latest.pt');
  await writeFile(path, bytes);
  const error = await refusal(path);
  assert.match(
    error.message,
    /tuned_latest\.pt is a file of weights without config\.json and tokenizer\.json/,
  );
  sandbox.server.add('gpt2', { 'tokenizer.json': tokenizer });
  await loads(path, { config: { ...tinyConfig }, tokenizer: 'gpt2' });
  sandbox.server.plain.set('/files/tuned.pt', { bytes, etag: '"1"' });
  await loads(`${sandbox.server.endpoint}/files/tuned.pt`, { config: { ...tinyConfig }, tokenizer: 'gpt2' });
});

test('f16 halves the bytes of the matrices on the GPU', async () => {
  if (!device.adapter.f16) return console.log('  skipped: this adapter has no f16');
  const weights = await openSafetensors(bytesSource(safetensors(values)));
  const bytesOf = async (dtype: 'f32' | 'f16'): Promise<number> => {
    const before = device.stats.liveBytes;
    const model = await loadGpt2(device, { config: { ...tinyConfig }, weights, dtype });
    const bytes = device.stats.liveBytes - before;
    model.dispose();
    return bytes;
  };
  const vectors = [...values.values()].reduce(
    (n, { shape, data }) => n + (shape.length === 1 ? data.length : 0),
    0,
  );
  const [f32, f16] = [await bytesOf('f32'), await bytesOf('f16')];
  assert.is(f16, (f32 - 4 * vectors) / 2 + 4 * vectors);
});

test('what cannot be had is told with a cure, and an abort ends it', async () => {
  const offline = await refusal('gpt2-large', { offline: true });
  assert.match(offline.message, 'config.json is not in the cache');
  assert.match(offline.cure!, 'pnpm models get gpt2-large');
  sandbox.server.add('clip/model', {
    'config.json': { bytes: utf8('{"model_type": "clip"}') },
    'tokenizer.json': tokenizer,
    'model.safetensors': { bytes: safetensors(values) },
  });
  assert.match((await refusal('clip/model')).message, 'model_type is "clip", but "gpt2" is needed');
  const signal = AbortSignal.abort(new Error('enough'));
  assert.is((await refusal('clip/model', { signal })).message, 'enough');
});

test.run();
