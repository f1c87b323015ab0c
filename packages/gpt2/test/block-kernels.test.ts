// Counts the kernels of a frozen block, from plans of two depths.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { attention, compile, grad, openDevice, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { Gpt2, parseGpt2Config } from '../src/index.ts';
import { tinyConfig, tinyModel } from './tiny-model.ts';

const test = suite('kernels of a block');

let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

const shape = [2, 5, tinyConfig.n_embd];

/** Kernel names of hidden() over trainable embeddings, with the gradient of them (and of the weights) if asked. */
async function kernels(n_layer: number, { backward = false, tuned = false } = {}): Promise<string[]> {
  const model = tinyModel(device, { n_layer }).trainable(tuned);
  const plan = await compile(device, { x: { shape }, seed: { shape } }, ({ x, seed }) => {
    const embeddings = x.detach().trainable();
    const y = model.hidden(embeddings);
    const wrt = [embeddings, ...(tuned ? blockWeights(model) : [])];
    return Object.fromEntries((backward ? grad(y, wrt, { seed }) : [y]).map((t, i) => [`out${i}`, t]));
  });
  const names = plan.calls.map((call) => call.name);
  plan.dispose();
  model.dispose();
  return names;
}

const blockWeights = (model: Gpt2) =>
  [...model.namedParameters()].filter(([name]) => name.startsWith('h.')).map(([, t]) => t);

/** What the second block adds. */
async function perBlock(options: { backward?: boolean; tuned?: boolean }): Promise<string[]> {
  const rest = await kernels(2, options);
  for (const name of await kernels(1, options)) rest.splice(rest.indexOf(name), 1);
  return rest;
}

const isWeightGrad = (name: string): boolean => /TN|ParameterBackward|^sum/.test(name);

test('seven kernels forward', async () => {
  const names = await perBlock({});
  assert.is(names.length, 7, names.join(', '));
});

test('at most sixteen forward and backward, none of them for a frozen weight', async () => {
  const names = await perBlock({ backward: true });
  console.log(`\n  frozen block, forward and backward: ${names.length} kernels: ${names.join(', ')}`);
  assert.ok(names.length <= 16, `${names.length}: ${names.join(', ')}`);
  assert.equal(names.filter(isWeightGrad), []);
});

test("at GPT-2's own width too, and none of them turns a weight round", async () => {
  const [B, T, C, heads] = [2, 16, 768, 12];
  const config = parseGpt2Config({ vocab_size: 2, n_positions: T, n_embd: C, n_head: heads, n_layer: 1 });
  const model = Gpt2.random(device, config, 1);
  const inputs = { x: { shape: [B, T, C] }, seed: { shape: [B, T, C] } };
  const plan = await compile(device, inputs, ({ x, seed }) => {
    const rows = x.detach().trainable();
    const y = model.blocks(rows, (qkv) => attention([qkv], { heads, causal: true }));
    return { dx: grad(y, [rows], { seed })[0] };
  });
  const names = plan.calls.map((call) => call.name);
  assert.ok(names.length <= 16, `${names.length}: ${names.join(', ')}`);
  const writtenBytes = plan.calls.map(({ layout, bindings }) =>
    bindings.reduce((sum, { byteLength }, i) => sum + (layout[i] === 'w' ? byteLength : 0), 0),
  );
  // The largest results are the hidden values of the MLP, before and after its activation; a weight is larger.
  assert.is(Math.max(...writtenBytes), 2 * B * T * 4 * C * 4);
  plan.dispose();
  model.dispose();
});

test('tuned weights add their gradients', async () => {
  const names = await perBlock({ backward: true, tuned: true });
  // Four matrices and four biases of linear maps, and two LayerNorms.
  assert.ok(names.filter(isWeightGrad).length >= 10, names.join(', '));
});

test('frozen parameters stay without gradients, in eager runs too', () => {
  const model = tinyModel(device);
  assert.is(
    model.parameters().some((t) => t.requiresGrad),
    false,
  );
  model.dispose();
});

test.run();
