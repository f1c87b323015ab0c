// LoRA: nothing at the start, gradients, a plain reference, merging, files.
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
import { memoryTensors, seeded, type HostTensor } from '@foreword/nn';
import { loadGpt2, Lora, peftPrefix, type Gpt2 } from '../src/index.ts';
import { idTensor, tinyConfig, tinyModel } from './tiny-model.ts';

const test = suite('lora', { timeLimitSeconds: 240 });
const { n_embd: C, n_layer: L } = tinyConfig;
const [B, T] = [2, 5];
const config = { rank: 3, alpha: 6 };
let device: Device;
let model: Gpt2;

test.before(async () => {
  device = await openDevice();
  model = tinyModel(device, { embd_pdrop: 0, resid_pdrop: 0.1 });
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => {
  model.dispose();
  assert.is(device.stats.liveBytes, 0, 'all memory is freed');
  device.close();
});

const waves = (size: number, phase = 0): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(i * i + phase));
const read = async (t: Tensor): Promise<Float32Array> => (await t.read()) as Float32Array;
const hidden = async (of: Gpt2): Promise<Float32Array> =>
  await device.scope(() => read(of.hidden(tensor(device, waves(B * T * C), [B, T, C]))));
const lossOf = (dropoutSeed?: Tensor): Tensor =>
  model.loss(tensor(device, waves(B * T * C), [B, T, C]), idTensor(device, [5, 4, 9, 7, 1, 2], [B, 3]), {
    firstRow: 2,
    dropoutSeed,
  });

/** Changes that change much. */
function lively(): Lora {
  const lora = new Lora(seeded(device, { seed: 1 }), model.config, config);
  lora.parameters().forEach((t, i) => t.write(waves(t.size, i).map((x) => x / 4)));
  return lora;
}

test('at the start the model is the frozen one, bit for bit; the parameters are those of PEFT', async () => {
  const lora = new Lora(seeded(device, { seed: 1 }), model.config, config);
  const parameters = lora.namedParameters();
  assert.equal(
    [...parameters].slice(0, 4).map(([name, { shape }]) => `${name} ${shape.join('×')}`),
    [
      'h.0.attn.c_attn.lora_A.weight 3×16',
      'h.0.attn.c_attn.lora_B.weight 48×3',
      'h.0.attn.c_proj.lora_A.weight 3×16',
      'h.0.attn.c_proj.lora_B.weight 16×3',
    ],
  );
  assert.is(parameters.size, 4 * L);
  for (const [name, t] of parameters) {
    const values = await read(t);
    if (name.includes('lora_B')) assert.ok(values.every((x) => x === 0));
    else assert.ok(values.every((x) => Math.abs(x) <= 0.25) && values.some((x) => Math.abs(x) > 0.2), name);
  }
  const seed = tensor(device, [3, 4], [2], { dtype: 'u32', persistent: true });
  const losses = async (): Promise<number[]> =>
    await device.scope(async () => [await lossOf().item(), await lossOf(seed).item()]);
  const [frozen, plain] = [await hidden(model), await losses()];
  model.adapt(lora);
  assert.equal(await hidden(model), frozen);
  assert.equal(await losses(), plain);
  model.adapt(undefined);
  lora.dispose();
  seed.dispose();
});

test('gradients agree with differences of the loss; those of A are zero while B is', async () => {
  const lora = lively();
  model.adapt(lora);
  const entries = [...lora.namedParameters()];
  const gradientsOf = async (): Promise<Float32Array[]> =>
    await device.scope(
      async () =>
        await Promise.all(
          grad(
            lossOf(),
            entries.map(([, t]) => t),
          ).map(read),
        ),
    );
  const gradients = await gradientsOf();
  for (const [i, [name, parameter]] of entries.entries()) {
    const values = (await read(parameter)).slice();
    const norm = Math.hypot(...gradients[i]);
    assert.ok(norm > 1e-3, `${name} has the gradient ${norm}`);
    const lossAt = async (step: number): Promise<number> => {
      parameter.write(values.map((v, k) => v + (step * gradients[i][k]) / norm));
      return await device.scope(() => lossOf().item());
    };
    const slope = ((await lossAt(5e-3)) - (await lossAt(-5e-3))) / 1e-2;
    parameter.write(values);
    assert.ok(Math.abs(slope - norm) < 5e-4 + 0.01 * norm, `${name}: slope ${slope}, gradient ${norm}`);
  }
  for (const [name, t] of entries) if (name.includes('lora_B')) t.write(new Float32Array(t.size));
  const early = await gradientsOf();
  entries.forEach(([name], i) => assert.is(Math.hypot(...early[i]) > 0, name.includes('lora_B'), name));
  model.adapt(undefined);
  lora.dispose();
});

test('merged, the model is the one whose matrices are W + α/r·(BA)ᵀ, and computes the same', async () => {
  const lora = lively();
  const changes = new Map<string, Float32Array>();
  for (const [name, t] of lora.namedParameters()) changes.set(name, await read(t));
  const tensors = new Map<string, HostTensor>();
  for (const [name, t] of model.namedParameters()) {
    const data = (await read(t)).slice();
    const at = name.replace(/weight$/, '');
    const [a, b] = [changes.get(`${at}lora_A.weight`), changes.get(`${at}lora_B.weight`)];
    if (a && b) {
      const [I, O] = t.shape;
      for (let i = 0; i < I; i++)
        for (let o = 0; o < O; o++)
          for (let k = 0; k < 3; k++) data[i * O + o] += 2 * a[k * I + i] * b[o * 3 + k];
    }
    tensors.set(name, { shape: t.shape, data });
  }
  assert.is(changes.size, 4 * L);
  const wanted = await fromTensors(tensors);
  const own = (await fromTensors(await hostCopy(model))).adapt(lora);
  const [plain, adapted, reference] = [await hidden(model), await hidden(own), await hidden(wanted)];
  assert.ok(relativeError(adapted, reference) < 1e-5, `${relativeError(adapted, reference)}`);
  assert.ok(relativeError(plain, reference) > 0.05, 'the changes change something');
  own.merge();
  lora.dispose();
  assert.ok(relativeError(await hidden(own), reference) < 1e-5);
  for (const [name, t] of own.namedParameters())
    assert.ok(relativeError(await read(t), tensors.get(name)!.data) < 1e-6, name);
  // Without changes there is nothing to merge.
  own.merge();
  assert.ok(relativeError(await hidden(own), reference) < 1e-5);
  wanted.dispose();
  own.dispose();
});

const fromTensors = (tensors: ReadonlyMap<string, HostTensor>): Promise<Gpt2> =>
  loadGpt2(device, { config: { ...model.config }, weights: memoryTensors(tensors) });

async function hostCopy(of: Gpt2): Promise<Map<string, HostTensor>> {
  const tensors = new Map<string, HostTensor>();
  for (const [name, t] of of.namedParameters()) tensors.set(name, { shape: t.shape, data: await read(t) });
  return tensors;
}

test('saved and loaded it is the same; what does not fit is refused', async () => {
  const lora = lively();
  const entries = (await lora.entries()).map((entry) => ({ ...entry, name: peftPrefix + entry.name }));
  const bytes = writeSafetensors(entries);
  const file = await openSafetensors(bytesSource(bytes, 'best.safetensors'));
  const loaded = await Lora.load(device, model.config, config, file);
  for (const [name, t] of lora.namedParameters()) {
    assert.equal(await read(loaded.namedParameters().get(name)!), await read(t));
    assert.is(loaded.namedParameters().get(name)!.requiresGrad, false);
  }
  const message = async (sizes: typeof config, layers = L): Promise<string> =>
    await Lora.load(device, { ...model.config, n_layer: layers }, sizes, file).then(
      () => '',
      (error: Error) => error.message,
    );
  assert.match(
    await message({ rank: 4, alpha: 4 }),
    /h\.0\.attn\.c_attn\.lora_A\.weight \(base_model.*\) is \[3, 16\] in the file, but \[4, 16\]/,
  );
  assert.match(await message(config, 3), /missing in the file: h\.2\.attn\.c_attn\.lora_A\.weight/);
  assert.match(await message({ rank: 0, alpha: 4 }), /the rank is 0/);
  assert.match(await message({ rank: 2, alpha: -1 }), /alpha is -1/);
  lora.dispose();
  loaded.dispose();
});

test.run();
