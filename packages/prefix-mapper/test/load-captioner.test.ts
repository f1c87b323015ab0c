// `loadCaptioner` by names, against a hub on 127.0.0.1: ClipCap's checkpoints of every form beside CLIP and GPT-2.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Gpt2 } from '@foreword/gpt2';
import { openDevice, type Device, type SafetensorsEntry } from '@foreword/tensor/node';
import { failOnGpuErrors, HubSandbox, suite } from '@foreword/test-kit';
import { stateDictFile } from '@foreword/test-kit/torch';
import * as assert from 'uvu/assert';
import {
  checkpointEntries,
  createMapper,
  MapperError,
  type Caption,
  type MapperConfig,
} from '../src/index.ts';
import { loadCaptioner, type CaptionerNames, type NodeNamedCaptionerOptions } from '../src/node.ts';
import { disposeModels, stripes, tinyModels, writeRun, type TinyModels } from './tiny-run.ts';

const test = suite('captioner by names', { timeLimitSeconds: 300 });
const sandbox = HubSandbox.in(test);
const maxTokens = 5;
let device: Device;
let models: TinyModels;
let run: string;
let expected: Caption;

test.before(async () => {
  device = await openDevice();
  models = tinyModels(device);
  run = await writeRun(models);
  const captioner = await loadCaptioner(device, run);
  expected = await captioner.caption(stripes(1), { maxTokens });
  captioner.dispose();
});
test.after.each(failOnGpuErrors(() => device));
test.after(async () => {
  disposeModels(models);
  await rm(dirname(run), { recursive: true });
  assert.is(device.stats.liveBytes, 0, 'all memory is freed');
  device.close();
});

/** Puts the run's backbones on the hub as `openai/clip-vit-base-patch32` and `gpt2`. */
async function serve(): Promise<void> {
  const repositories = { clip: 'openai/clip-vit-base-patch32', gpt2: 'gpt2' };
  for (const [folder, id] of Object.entries(repositories)) {
    const names = ['config.json', 'model.safetensors', ...(folder === 'gpt2' ? ['tokenizer.json'] : [])];
    const files: Record<string, { bytes: Uint8Array }> = {};
    for (const name of names) files[name] = { bytes: await readFile(join(dirname(run), folder, name)) };
    sandbox.server.add(id, files);
  }
}

/** A checkpoint as ClipCap's train.py saves it. */
async function writePt(entries: readonly SafetensorsEntry[], prefix = ''): Promise<string> {
  const path = sandbox.path('coco_prefix-009.pt');
  const tensors = entries.map(
    ({ name, shape, data }) => [prefix + name, { shape, data: data as Float32Array }] as const,
  );
  await writeFile(path, stateDictFile(tensors));
  return path;
}

async function captionOf(names: CaptionerNames, options: NodeNamedCaptionerOptions = {}): Promise<Caption> {
  const captioner = await loadCaptioner(device, names, options);
  const caption = await captioner.caption(stripes(1), { maxTokens });
  captioner.dispose();
  return caption;
}

test('a mapper alone, with ViT-B/32 and gpt2 as defaults; then offline', async () => {
  await serve();
  const mapper = await writePt(await checkpointEntries(models.mapper));
  assert.equal(await captionOf({ mapper }), expected);
  const asked = sandbox.server.seen.length;
  assert.equal(await captionOf({ clip: 'ViT-B/32', gpt2: 'gpt2', mapper }, { offline: true }), expected);
  assert.is(sandbox.server.seen.length, asked);
});

test('folders instead of repositories, a URL instead of a file, `module.` before every name', async () => {
  const path = await writePt(await checkpointEntries(models.mapper), 'module.');
  sandbox.server.plain.set('/coco_prefix-009.pt', { bytes: await readFile(path), etag: '"1"' });
  const folders = { clip: join(dirname(run), 'clip'), gpt2: join(dirname(run), 'gpt2') };
  assert.equal(
    await captionOf({ ...folders, mapper: `${sandbox.server.endpoint}/coco_prefix-009.pt` }),
    expected,
  );
});

test('a checkpoint with a tuned GPT-2: that one writes, and the other’s weights are not fetched', async () => {
  await serve();
  const tuned = Gpt2.random(device, models.gpt2.config, 99);
  const mapper = await writePt(await checkpointEntries(models.mapper, tuned));
  tuned.dispose();
  const caption = await captionOf({ mapper });
  assert.not.equal(caption.ids, expected.ids);
  assert.equal(
    sandbox.server.requests('GET', '/model.safetensors').map(({ path }) => path.split('/')[1]),
    ['openai'],
  );
});

const forms: MapperConfig[] = [
  { type: 'linear', prefixLength: 3, featureSize: 16, embeddingSize: 32 },
  { type: 'transformer', prefixLength: 2, featureSize: 16, embeddingSize: 32, clipLength: 2, layers: 2 },
];
for (const config of forms) {
  test(`the ${config.type} form is recognised by its shapes`, async () => {
    await serve();
    const form = createMapper(device, config, { seed: 1 });
    const mapper = await writePt(await checkpointEntries(form));
    form.dispose();
    const captioner = await loadCaptioner(device, { mapper });
    assert.is(captioner.parts.mapper.config.type, config.type);
    assert.is(captioner.parts.mapper.config.prefixLength, config.prefixLength);
    assert.is((await captioner.caption(stripes(1), { maxTokens })).ids.length, maxTokens);
    captioner.dispose();
  });
}

test('models that do not fit each other are refused, and nothing stays on the GPU', async () => {
  await serve();
  const before = device.stats.liveBytes;
  const wide = createMapper(
    device,
    { type: 'mlp', prefixLength: 2, featureSize: 20, embeddingSize: 32 },
    { seed: 1 },
  );
  const mapper = await writePt(await checkpointEntries(wide));
  wide.dispose();
  const error = await captionOf({ mapper }).catch((e: unknown) => e);
  assert.instance(error, MapperError);
  assert.match((error as Error).message, "CLIP's features have 16 numbers, the mapper takes 20");
  const none = await captionOf({ mapper: sandbox.path('none.pt') }).catch((e: unknown) => e);
  assert.match((none as Error).message, 'there is no none.pt');
  assert.is(device.stats.liveBytes, before);
});

test.run();
