// `load` of the Node entry, against a hub on 127.0.0.1: Hugging Face's repositories, folders, OpenAI's files and names.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError } from '@foreword/hub/node';
import { clipMean } from '@foreword/image';
import { openDevice, writeSafetensors, type Device } from '@foreword/tensor/node';
import { failOnGpuErrors, HubSandbox, suite } from '@foreword/test-kit';
import {
  scriptObject,
  stateDictFile,
  tensorOf,
  torchScriptArchive,
  type Storages,
} from '@foreword/test-kit/torch';
import { trainBpe } from '@foreword/tokenizer';
import * as assert from 'uvu/assert';
import { Clip, ClipError, clipConfigJson, load, type NodeLoadOptions } from '../src/node.ts';
import { huggingFaceEntries } from './hugging-face-entries.ts';
import { tinyConfig } from './tiny-clip.ts';

const test = suite('load', { timeLimitSeconds: 120 });
const sandbox = HubSandbox.in(test);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const json = (value: unknown): { bytes: Uint8Array } => ({ bytes: utf8(JSON.stringify(value)) });

const tokenizer = json(trainBpe({ texts: ['a dog'], vocabSize: 520, flavour: 'clip' }));

type Values = Map<string, { shape: readonly number[]; data: Float32Array }>;
let device: Device;
/** Under OpenAI's names; heads of 64 channels, so that a file of weights alone tells all sizes. */
let values: Values;
let config: Record<string, unknown>;

test.before(async () => {
  device = await openDevice();
  const sizes = { ...tinyConfig, vision: { ...tinyConfig.vision, width: 64, heads: 1 } };
  const model = Clip.random(device, { ...sizes, text: { ...sizes.text, width: 64, heads: 1 } }, 3);
  config = clipConfigJson(model.config);
  values = new Map();
  for (const [name, t] of model.namedParameters())
    values.set(name, { shape: t.shape, data: (await t.read()) as Float32Array });
  model.dispose();
});
test.after(() => device.close());
test.after.each(failOnGpuErrors(() => device));

async function loads(name: string, options?: NodeLoadOptions): Promise<Awaited<ReturnType<typeof load>>> {
  const loaded = await load(device, name, options);
  for (const [key, t] of loaded.model.namedParameters())
    assert.equal(await t.read(), values.get(key)!.data, key);
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

const preprocessor = {
  size: { shortest_edge: 12 },
  crop_size: { height: 12, width: 12 },
  image_mean: [0.1, 0.2, 0.3],
  image_std: [0.5, 0.5, 0.5],
};

test('a repository with Hugging Face’s names, its tokenizer and preprocessing; by OpenAI’s name too, offline', async () => {
  const { server } = sandbox;
  server.add('openai/clip-vit-base-patch32', {
    'config.json': json(config),
    'tokenizer.json': tokenizer,
    'preprocessor_config.json': json(preprocessor),
    'model.safetensors': { bytes: writeSafetensors(huggingFaceEntries(values)), large: true },
  });
  const first = await loads('openai/clip-vit-base-patch32');
  assert.equal(first.preprocessing, { size: 12, mean: [0.1, 0.2, 0.3], std: [0.5, 0.5, 0.5] });
  assert.ok(first.tokenizer!.tokenToId('<|startoftext|>')! > 0);
  assert.is(first.commit, server.repositories.get('openai/clip-vit-base-patch32')!.commit);
  const asked = server.seen.length;
  assert.is((await loads('ViT-B/32', { offline: true })).name, 'ViT-B/32');
  assert.is(server.seen.length, asked);
});

test('a repository with a pytorch_model.bin alone, without preprocessing: OpenAI’s figures', async () => {
  const tensors = huggingFaceEntries(values).map(({ name, shape, data }) => [name, { shape, data }] as const);
  sandbox.server.add('old/clip', {
    'config.json': json(config),
    'pytorch_model.bin': { bytes: stateDictFile(tensors), large: true },
  });
  const { preprocessing, tokenizer: none } = await loads('old/clip');
  assert.equal(preprocessing.mean, clipMean);
  assert.is(none, undefined);
});

/** OpenAI's archive: modules within modules, a module per dot of the names. */
function openAiFile(): Uint8Array {
  return torchScriptArchive((storages: Storages) => {
    const moduleOf = (prefix: string): ReturnType<typeof scriptObject> => {
      const names = [...values.keys()].filter((name) => name.startsWith(prefix));
      const parts = new Set(names.map((name) => name.slice(prefix.length).split('.', 1)[0]));
      const attributes = [...parts].map((part) => {
        const value = values.get(prefix + part);
        return [
          part,
          value ? storages.tensor(tensorOf(value.data, value.shape)) : moduleOf(`${prefix}${part}.`),
        ] as const;
      });
      return scriptObject(`clip.Module${names.length}`, attributes);
    };
    return moduleOf('');
  });
}

test('OpenAI’s TorchScript archive by path and by URL, with a tokenizer from elsewhere', async () => {
  const path = sandbox.path('ViT-B-32.pt');
  await writeFile(path, openAiFile());
  assert.is((await loads(path)).tokenizer, undefined);
  assert.is(sandbox.server.seen.length, 0, 'a file alone needs no request');
  const { server } = sandbox;
  server.add('openai/clip-vit-base-patch32', { 'tokenizer.json': tokenizer });
  server.plain.set('/models/ViT-B-32.pt', { bytes: openAiFile(), etag: '"1"' });
  const loaded = await loads(`${server.endpoint}/models/ViT-B-32.pt`, { tokenizer: 'ViT-B/32' });
  assert.ok(loaded.tokenizer);
});

test('a folder; f16 takes half the memory', async () => {
  const folder = sandbox.path('model');
  await mkdir(folder);
  await writeFile(join(folder, 'config.json'), json(config).bytes);
  const entries = [...values].map(([name, { shape, data }]) => ({
    name,
    dtype: 'F32' as const,
    shape,
    data,
  }));
  await writeFile(join(folder, 'model.safetensors'), writeSafetensors(entries));
  await loads(folder);
  if (!device.adapter.f16) return console.log('  f16 skipped: this adapter has no f16');
  const bytesOf = async (dtype: 'f32' | 'f16'): Promise<number> => {
    const before = device.stats.liveBytes;
    const { model } = await load(device, folder, { dtype });
    const bytes = device.stats.liveBytes - before;
    model.dispose();
    return bytes;
  };
  assert.ok((await bytesOf('f16')) < 0.55 * (await bytesOf('f32')));
});

test('refusals name the cure', async () => {
  const resnet = await refusal('RN50x4');
  assert.instance(resnet, ClipError);
  assert.match(
    resnet.message,
    /RN50x4 has no repository.*\.\/RN50x4\.pt.*https:\/\/openaipublic\..*\/RN50x4\.pt/,
  );
  const offline = await refusal('ViT-B/16', { offline: true });
  assert.instance(offline, HubError);
  assert.match(offline.cure!, 'pnpm models get openai/clip-vit-base-patch16');
  sandbox.server.add('odd/clip', {
    'config.json': json(config),
    'preprocessor_config.json': json({ ...preprocessor, crop_size: 336 }),
    'model.safetensors': { bytes: writeSafetensors(huggingFaceEntries(values)) },
  });
  assert.match((await refusal('odd/clip')).message, 'crop_size is 336, but the image tower takes 12');
});

test.run();
