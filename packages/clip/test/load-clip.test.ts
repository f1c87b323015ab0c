// Loading and saving: OpenAI's and Hugging Face's names, f16 files, round trips, and weights that do not fit.
import * as assert from 'uvu/assert';
import { Clip, clipParameterShapes, loadClip, parseClipConfig } from '@foreword/clip';
import {
  bytesSource,
  noGrad,
  openDevice,
  openSafetensors,
  openShardedSafetensors,
  tensor,
  writeSafetensors,
  type Device,
  type SafetensorsEntry,
} from '@foreword/tensor/node';
import { CheckpointError, given, memoryTensors } from '@foreword/nn';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { clipConfigOf, goldenPixels, goldenWeights, readFeatureGolden } from './golden/golden-figures.ts';
import { huggingFaceEntries } from './hugging-face-entries.ts';

const golden = readFeatureGolden();
const config = clipConfigOf(golden.config);
const weights = goldenWeights(golden);
const test = suite('load clip', { timeLimitSeconds: 300 });
let device: Device;
let expected: Float32Array;

test.before(async () => {
  device = await openDevice();
  const clip = await loadClip(device, { config, weights: memoryTensors(weights) });
  expected = await features(clip);
  clip.dispose();
});
test.after(() => device.close());
test.after.each(failOnGpuErrors(() => device));

const features = (clip: Clip): Promise<Float32Array> =>
  device.scope(async () => {
    const pixels = tensor(device, goldenPixels(golden, 'tiny', 3), [3, 3, 64, 64]);
    const tokens = tensor(device, golden.tokens, [3, 16], { dtype: 'i32' });
    const ends = tensor(device, [15, 31, 47], [3], { dtype: 'i32' });
    const [images, texts] = noGrad(device, () => [clip.encodeImage(pixels), clip.encodeText(tokens, ends)]);
    return Float32Array.from([...(await images.read()), ...(await texts.read())]);
  });

const openAiEntries = (prefix = ''): SafetensorsEntry[] =>
  [...weights].map(([name, { shape, data }]) => ({ name: prefix + name, dtype: 'F32', shape, data }));

const open = (entries: SafetensorsEntry[]) =>
  openSafetensors(bytesSource(writeSafetensors(entries), 'test.safetensors'));

test('OpenAI’s names, sizes inferred, with the scalars and the prefix such files may have', async () => {
  const scalars = ['input_resolution', 'context_length', 'vocab_size'].map((name): SafetensorsEntry => ({
    name: `module.${name}`,
    dtype: 'I64',
    shape: [],
    data: new BigInt64Array(1),
  }));
  const clip = await loadClip(device, {
    weights: await open([...openAiEntries('module.'), ...scalars]),
    config,
  });
  assert.equal(await features(clip), expected);
  clip.dispose();
  const inferred = await loadClip(device, { weights: await open(openAiEntries()) });
  assert.equal(inferred.config, config);
  assert.equal(await features(inferred), expected);
  inferred.dispose();
});

test('Hugging Face’s names give the same bits', async () => {
  const clip = await loadClip(device, { weights: await open(huggingFaceEntries(weights)), config });
  assert.equal([...clip.namedParameters().keys()], [...clipParameterShapes(config).keys()]);
  assert.equal(await features(clip), expected);
  clip.dispose();
});

test('a sharded folder gives the same bits, one tensor being read at a time', async () => {
  const entries = huggingFaceEntries(weights);
  const shards: Record<string, SafetensorsEntry[]> = {};
  const weightMap: Record<string, string> = {};
  entries.forEach((entry, i) => {
    // The parts of one in_proj lie in different shards.
    const file = `model-0000${(i % 3) + 1}-of-00003.safetensors`;
    (shards[file] ??= []).push(entry);
    weightMap[entry.name] = file;
  });
  const file = await openShardedSafetensors({ metadata: {}, weight_map: weightMap }, (name) =>
    bytesSource(writeSafetensors(shards[name]), name),
  );
  let reading = 0;
  const clip = await loadClip(device, {
    weights: {
      names: () => file.names(),
      info: (name) => file.info(name),
      readAsF32: async (name) => {
        assert.is(++reading, 1);
        const values = await file.readAsF32(name);
        reading--;
        return values;
      },
    },
    config,
  });
  assert.equal(await features(clip), expected);
  clip.dispose();
});

test('an f16 file keeps its exact values in f16 weights', async () => {
  if (!device.adapter.f16) return console.log('  skipped: this adapter has no f16');
  const entries = openAiEntries().map((entry): SafetensorsEntry => ({ ...entry, dtype: 'F16' }));
  const clip = await loadClip(device, { weights: await open(entries), dtype: 'f16' });
  const { entries: saved } = await clip.save();
  const name = 'visual.transformer.resblocks.1.mlp.c_fc.weight';
  const file = await open(entries);
  assert.is(saved.find((e) => e.name === name)!.dtype, 'F16');
  assert.is(saved.find((e) => e.name === 'visual.positional_embedding')!.dtype, 'F32');
  assert.equal(saved.find((e) => e.name === name)!.data, await file.readAsF32(name));
  clip.dispose();
});

test('saved and loaded again: the same bits, the same configuration', async () => {
  const clip = await loadClip(device, { config, weights: memoryTensors(weights) });
  const { entries, config: json } = await clip.save();
  clip.dispose();
  const file = await open(entries);
  const again = await loadClip(device, {
    weights: file,
    config: parseClipConfig(JSON.parse(JSON.stringify(json))),
  });
  assert.equal(again.config, config);
  assert.equal(await features(again), expected);
  again.dispose();
});

test('weights that do not fit are refused, and nothing stays on the GPU', async () => {
  const before = device.stats.liveBytes;
  const refused = async (entries: SafetensorsEntry[], message: RegExp): Promise<void> => {
    let caught: unknown;
    await loadClip(device, { weights: await open(entries), config }).catch(
      (error: unknown) => (caught = error),
    );
    assert.instance(caught, CheckpointError);
    assert.match((caught as Error).message, message);
    assert.is(device.stats.liveBytes, before);
  };
  const all = openAiEntries();
  await refused(
    all.filter(({ name }) => !name.includes('resblocks.1')),
    /^test\.safetensors: [^]*missing in the file: visual\.transformer\.resblocks\.1\.attn\.in_proj_weight .* and 16 more$/,
  );
  const extra: SafetensorsEntry = {
    name: 'visual.lora.weight',
    dtype: 'F32',
    shape: [1],
    data: new Float32Array(1),
  };
  await refused([...all, extra], /unknown to the model: visual\.lora\.weight$/);
  const turned = all.map((e) => (e.name === 'visual.proj' ? { ...e, shape: [48, 64] } : e));
  await refused(turned, /visual\.proj is \[48, 64\] in the file, but \[64, 48\] in the model/);
});

test('tensors that are there already make a model, where names and shapes are right', async () => {
  const clip = await loadClip(device, { config, weights: memoryTensors(weights) });
  const tensors = clip.namedParameters();
  assert.equal(await features(new Clip(given(tensors), config)), expected);
  tensors.delete('logit_scale');
  assert.throws(() => new Clip(given(tensors), config), /logit_scale \[\] is not given/);
  tensors.set('logit_scale', clip.logit_scale).set('visual.proj', clip.text_projection.reshape([48, 64]));
  assert.throws(() => new Clip(given(tensors), config), /visual\.proj is given as \[48, 64\]/);
  clip.dispose();
});

test('inputs of the wrong size are refused before any kernel runs', async () => {
  const clip = await loadClip(device, { config, weights: memoryTensors(weights) });
  device.scope(() => {
    const { dispatches } = device.stats;
    const pixels = tensor(device, new Float32Array(3 * 32 * 32), [1, 3, 32, 32]);
    assert.throws(() => clip.encodeImage(pixels), /pixels 1×3×32×32 are not \[B, 3, 64, 64\]/);
    const tokens = tensor(device, new Int32Array(17), [1, 17], { dtype: 'i32' });
    const ends = tensor(device, [0], [1], { dtype: 'i32' });
    assert.throws(() => clip.encodeText(tokens, ends), /with T at most 16/);
    assert.is(device.stats.dispatches, dispatches);
  });
  clip.dispose();
});

test.run();
