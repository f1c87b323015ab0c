// Mappers from a seed, from host tensors and from checkpoints.
import { CheckpointError, memoryTensors, ModuleError, type HostTensor } from '@foreword/nn';
import { failOnGpuErrors, relativeError, suite } from '@foreword/test-kit';
import {
  bytesSource,
  openDevice,
  openSafetensors,
  tensor,
  writeSafetensors,
  type Device,
} from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import {
  createMapper,
  loadMapper,
  checkpointEntries,
  mapperShapes,
  TransformerMapper,
  type MapperConfig,
  type PrefixMapper,
} from '../src/index.ts';

const test = suite('create mapper');
let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

const transformer: MapperConfig = {
  type: 'transformer',
  prefixLength: 3,
  featureSize: 100,
  embeddingSize: 16,
  clipLength: 2,
  layers: 1,
  heads: 2,
};

async function valuesOf(mapper: PrefixMapper): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const [name, t] of mapper.namedParameters()) values.set(name, (await t.read()) as Float32Array);
  return values;
}

test('initial weights are torch’s: uniform in ±1/√fan_in, constants normal, norms 1 and 0', async () => {
  const mapper = createMapper(device, { ...transformer, prefixLength: 200 }, { seed: 5 });
  const values = await valuesOf(mapper);
  const weight = values.get('linear.weight')!;
  const largest = Math.max(...weight.map(Math.abs));
  assert.ok(largest <= 0.1 && largest > 0.0995, `${largest} is close to 1/√100`);
  assert.ok(Math.abs(weight.reduce((a, b) => a + b, 0) / weight.length) < 0.005);
  // Variance of the uniform distribution: (1/√fan_in)²/3.
  assert.ok(
    Math.abs(relativeError(weight, new Float32Array(weight.length)) ** 2 / weight.length / (0.01 / 3) - 1) <
      0.1,
  );
  const bias = values.get('transformer.layers.0.mlp.fc2.bias')!;
  assert.ok(bias.every((x) => Math.abs(x) <= 1 / Math.sqrt(32)) && bias.some((x) => Math.abs(x) > 0.05));
  const constants = values.get('prefix_const')!;
  assert.ok(Math.abs(constants.reduce((sum, x) => sum + x * x, 0) / constants.length - 1) < 0.08);
  assert.ok(values.get('transformer.layers.0.norm1.weight')!.every((x) => x === 1));
  assert.ok(values.get('transformer.layers.0.norm2.bias')!.every((x) => x === 0));
  assert.ok(mapper.parameters().every((t) => t.requiresGrad));
  mapper.dispose();
});

test('one seed, one mapper; another seed, another', async () => {
  const [a, b, c] = await Promise.all(
    [7, 7, 8].map(async (seed) => {
      const mapper = createMapper(device, transformer, { seed });
      const values = await valuesOf(mapper);
      mapper.dispose();
      return values;
    }),
  );
  assert.equal(a, b);
  for (const name of a.keys()) if (!name.includes('norm')) assert.not.equal(a.get(name), c.get(name), name);
});

test('a written checkpoint loads as the same mapper, its sizes inferred', async () => {
  const made = createMapper(device, transformer, { seed: 1 });
  const bytes = writeSafetensors(await checkpointEntries(made));
  const file = await openSafetensors(bytesSource(bytes, 'best.safetensors'));
  assert.ok(file.names().includes('clip_project.transformer.layers.0.attn.to_keys_values.weight'));
  const loaded = await loadMapper(device, file, { config: transformer });
  assert.ok(loaded instanceof TransformerMapper);
  assert.equal(await valuesOf(loaded), await valuesOf(made));
  assert.ok(
    loaded.parameters().every((t) => !t.requiresGrad),
    'loaded mappers are frozen',
  );
  await rejects(
    loadMapper(device, file, { config: { ...transformer, layers: 2 } }),
    /missing in the file: transformer\.layers\.1\.norm1\.weight/,
  );
  await rejects(
    loadMapper(device, file, { config: { ...transformer, prefixLength: 4 } }),
    /best\.safetensors: [^]*prefix_const \(clip_project\.prefix_const\) is \[3, 16\]/,
  );
  made.dispose();
  loaded.dispose();
});

test('host tensors with ClipCap’s wrappings; doubles and strangers are refused', async () => {
  const config: MapperConfig = { type: 'linear', prefixLength: 2, featureSize: 4, embeddingSize: 4 };
  const source = new Map<string, HostTensor>();
  for (const [name, shape] of mapperShapes(createMapper(device, config, { seed: 1 }).config)) {
    const size = shape.reduce((a, b) => a * b, 1);
    source.set(`module.clip_project.${name}`, {
      shape,
      data: Float32Array.from({ length: size }, (_, i) => i / size),
    });
  }
  source.set('gpt.lm_head.weight', { shape: [1], data: [0] });
  const load = (): Promise<PrefixMapper> => loadMapper(device, memoryTensors(source), { config });
  const mapper = await load();
  const features = Float32Array.of(1, 0, -1, 2);
  const rows = await device.scope(() => mapper.forward(tensor(device, features, [1, 4])).read());
  // Row r of the weight is (4r … 4r + 3)/32, its bias r/8.
  const wanted = Array.from({ length: 8 }, (_, r) => (4 * r - (4 * r + 2) + 2 * (4 * r + 3)) / 32 + r / 8);
  assert.ok(relativeError(rows, wanted) < 1e-6);
  assert.throws(() => mapper.forward(tensor(device, features, [2, 2])), /features \[2, 2\] are no \[B, 4\]/);
  source.set('clip_project.bias', source.get('module.clip_project.bias')!);
  await rejects(load(), /are both the parameter bias/, ModuleError);
  source.delete('clip_project.bias');
  source.set('clip_project.prefix_const', { shape: [1], data: [0] });
  await rejects(load(), /unknown to the model: clip_project\.prefix_const/);
  mapper.dispose();
});

async function rejects(
  promise: Promise<unknown>,
  message: RegExp,
  kind: typeof CheckpointError | typeof ModuleError = CheckpointError,
): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (e: unknown) => e,
  );
  assert.instance(error, kind);
  assert.match((error as Error).message, message);
}

test.run();
