// PyTorch as an engine, where a Python has it: it makes the same numbers from the same descriptions, computes what this
// engine does, and answers as the protocol wants it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Clip } from '@foreword/clip';
import { Gpt2, parseGpt2Config } from '@foreword/gpt2';
import {
  openDevice,
  tensor,
  writeSafetensors,
  type Device,
  type SafetensorsEntry,
  type Tensor,
} from '@foreword/tensor/node';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { EngineProcess } from '../src/engines/engine-process.ts';
import { findPython } from '../src/engines/find-python.ts';
import { forewordStep } from '../src/training-step/foreword-step.ts';
import { stepOptimizer, stepRecipe, stepValues, type StepSizes } from '../src/training-step/step-values.ts';
import type { WorkDescription } from '../src/works/describe-work.ts';
import { drawn, makeArrays } from '../src/works/host-arrays.ts';
import { forewordOp } from '../src/works/foreword-op.ts';
import { headSize, opRecipe, opValues, type OpWork } from '../src/works/op-values.ts';
import { relativeDifference, sampleOf } from '../src/works/sample.ts';

const test = suite('pytorch engine', { timeLimitSeconds: 120 });
const python = await findPython('torch').catch(() => undefined);
if (!python) console.log('pytorch: skipped, no Python here has torch; FOREWORD_PYTHON names one');

const ops: Record<string, OpWork> = {
  matmul: { op: 'matmul', size: 40 },
  layerNorm: { op: 'layerNorm', R: 5, C: 48 },
  softmax: { op: 'softmax', R: 5, C: 48 },
  attention: { op: 'attention', B: 2, T: 7, H: 2 },
  half: { op: 'matmul', size: 8, dtype: 'f16' },
};
const sizes: StepSizes = { L: 1, C: 32, H: 2, V: 50, P: 3, R: 5, B: 2, F: 16 };
const heads = 2;
const prompt = [3, 1, 4, 1, 5];
const appended = [9, 2];

let device: Device;
/** One for all: importing torch takes seconds. */
let engine: EngineProcess;
let folder: string;

async function describe(work: string): Promise<WorkDescription> {
  if (work === 'gpt2') return { kind: 'gpt2', heads, folder, prompt, appended };
  if (work === 'clip')
    return { kind: 'clip', heads, folder, recipe: { seed: 2, arrays: [drawn('pixels', 4, 2, 3, 8, 8)] } };
  if (work === 'f32' || work === 'f16')
    return { kind: 'step', sizes, weights: work, optimizer: stepOptimizer, recipe: stepRecipe(sizes) };
  if (work === 'not a number') {
    const fill = { value: 3e38 };
    const arrays = ['a', 'b'].map((name) => ({ name, shape: [2, 2], fill }));
    return { kind: 'op', op: { op: 'matmul', size: 2, headSize }, recipe: { seed: 1, arrays } };
  }
  return { kind: 'op', op: { ...ops[work], headSize }, recipe: opRecipe(ops[work]) };
}

test.before(async () => {
  device = await openDevice();
  folder = await mkdtemp(join(tmpdir(), 'bench-pytorch-'));
  if (!python) return;
  const script = new URL('../python/pytorch_engine.py', import.meta.url);
  engine = new EngineProcess('pytorch', script, { interpreter: [python], args: ['cpu'], describe });
});
test.after.each(failOnGpuErrors(() => device));
test.after(async () => {
  engine?.close();
  device.close();
  await rm(folder, { recursive: true });
});

const withTorch = (title: string, work: () => Promise<void>): void =>
  python ? test(title, work) : test.skip(title);

function agree(actual: readonly number[], expected: ArrayLike<number>, within = 1e-5): void {
  const difference = relativeDifference(actual, sampleOf(expected));
  assert.ok(difference < within, `differ by ${difference}`);
}

withTorch('it says who it is, and single ops give what ours give', async () => {
  const facts = await engine.open();
  assert.match(`${facts.name} ${facts.version}`, /^pytorch \d+\.\d+.*\(CPU, \d+ threads\)$/);
  assert.is(facts.adapter, null);
  for (const id of ['matmul', 'layerNorm', 'softmax', 'attention']) {
    const ours = await device.scope(async () => {
      const inputs = opValues(ops[id]).map(({ data, shape }) => tensor(device, data, shape));
      return await forewordOp(ops[id], inputs).read();
    });
    const { timesMs, sample } = await engine.start(id);
    assert.ok(timesMs[0] > 0);
    agree(sample, ours);
    const twice = await engine.run(id, 2);
    assert.is(twice.timesMs.length, 2);
    assert.equal(twice.sample, [...sample, ...sample]);
    assert.is(await engine.facts(id, 1), null);
    await engine.finish(id);
  }
});

for (const weights of ['f32', 'f16'] as const) {
  withTorch(`losses of training steps are ours, weights in ${weights}`, async () => {
    if (weights === 'f16' && !device.adapter.f16) return console.log('  skipped: this adapter has no f16');
    const ours = await forewordStep(device, stepValues(sizes), { weights });
    const losses = [...(await engine.start(weights)).sample, ...(await engine.run(weights, 3)).sample];
    for (const loss of losses) agree([loss], [await ours.next()], weights === 'f32' ? 1e-6 : 1e-4);
    assert.ok(losses[3] < losses[0]);
    ours.dispose();
  });
}

async function writeModel(parameters: Iterable<[string, Tensor]>): Promise<void> {
  const entries: SafetensorsEntry[] = [];
  for (const [name, t] of parameters)
    entries.push({ name, dtype: 'F32', shape: t.shape, data: await t.read() });
  await writeFile(join(folder, 'model.safetensors'), writeSafetensors(entries));
}

withTorch('GPT-2 with a cache gives the logits of ours without', async () => {
  const config = parseGpt2Config({ vocab_size: 30, n_positions: 8, n_embd: 16, n_layer: 2, n_head: heads });
  const model = Gpt2.random(device, config, 1);
  await writeModel(model.namedParameters());
  const { sample } = await engine.start('gpt2');
  const ids = [...prompt, ...appended];
  const logits = await device.scope(async () => {
    const rows = model.hidden(model.embed(tensor(device, ids, [1, ids.length], { dtype: 'u32' })));
    return await model.logits(rows).read();
  });
  agree(sample, logits.slice(-30));
  model.dispose();
});

withTorch('a vision transformer gives the features of ours', async () => {
  const clip = Clip.random(
    device,
    {
      vision: { imageSize: 8, patchSize: 4, width: 16, layers: 2, heads },
      text: { contextLength: 4, vocabSize: 8, width: 8, layers: 1, heads: 1 },
      embedDim: 12,
    },
    1,
  );
  await writeModel(clip.namedParameters());
  const work = await describe('clip');
  const { data, shape } = makeArrays((work as { recipe: Parameters<typeof makeArrays>[0] }).recipe).get(
    'pixels',
  )!;
  const features = await device.scope(() => clip.encodeImage(tensor(device, data, shape)).read());
  agree((await engine.start('clip')).sample, features);
});

withTorch('what it cannot do is an error, and it goes on', async () => {
  const failure = (asked: Promise<unknown>): Promise<string> =>
    asked.then(
      () => 'no error',
      (error: Error) => error.message,
    );
  assert.match(await failure(engine.run('never', 1)), 'never was not started');
  assert.match(await failure(engine.start('half')), 'PyTorch multiplies f16 matrices on CUDA only');
  assert.equal((await engine.start('not a number')).sample, [NaN, NaN, NaN, NaN]);
  assert.is((await engine.start('matmul')).sample.length, 16);
});

test('a Python is named in vain, or there is none', async () => {
  const message = async (options: Parameters<typeof findPython>[1]): Promise<string> =>
    findPython('torch', options).then(
      () => 'found',
      (error: Error) => error.message,
    );
  assert.is(await message({ wanted: '/no/such/python' }), '/no/such/python cannot import torch');
  assert.is(await message({ wanted: '', path: '/no/such/folder' }), 'there is no python3 on PATH');
});

test.run();
