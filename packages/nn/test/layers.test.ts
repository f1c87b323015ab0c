// Layers against PyTorch's figures and plain formulas; how many kernels they take; dropout's masks.
import { failOnGpuErrors, relativeError, suite } from '@foreword/test-kit';
import { openDevice } from '@foreword/tensor/node';
import {
  bytesSource,
  compile,
  grad,
  openSafetensors,
  tensor,
  writeSafetensors,
  type Device,
  type SafetensorsEntry,
  type Tensor,
} from '@foreword/tensor';
import * as assert from 'uvu/assert';
import {
  AdamW,
  Attention,
  AvgPool2d,
  Conv2d,
  Dropout,
  Embedding,
  Flatten,
  Linear,
  loadModule,
  Module,
  ModuleError,
  seeded,
  Sequential,
  Activation,
  TransformerBlock,
  type Parameters,
} from '../src/index.ts';

const test = suite('layers');
let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

const sines = (n: number, frequency: number, phase = 0): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(frequency * i + phase));

// Parameters of torch.nn.TransformerEncoderLayer(8, 2, 16, 0, 'gelu', norm_first=True, batch_first=True), in its order:
// number k holds 0.3·sin(0.7i + k), gains 1 more.
const torchShapes: Record<string, number[]> = {
  'self_attn.in_proj_weight': [24, 8],
  'self_attn.in_proj_bias': [24],
  'self_attn.out_proj.weight': [8, 8],
  'self_attn.out_proj.bias': [8],
  'linear1.weight': [16, 8],
  'linear1.bias': [16],
  'linear2.weight': [8, 16],
  'linear2.bias': [8],
  'norm1.weight': [8],
  'norm1.bias': [8],
  'norm2.weight': [8],
  'norm2.bias': [8],
};
const torchNames: Record<string, string> = {
  'attn.qkv.weight': 'self_attn.in_proj_weight',
  'attn.qkv.bias': 'self_attn.in_proj_bias',
  'attn.proj': 'self_attn.out_proj',
  'mlp.fc1': 'linear1',
  'mlp.fc2': 'linear2',
};
const torchName = (name: string): string => {
  const found = Object.keys(torchNames).find((ours) => name.startsWith(ours));
  return found ? torchNames[found] + name.slice(found.length) : name;
};
// Its result for x = sin(0.3i) [1, 3, 8] under a causal mask.
const torchResult = [
  -0.50041166, -3.827313, -2.8628933, 1.0089093, 2.819327, 1.5170012, 0.90249391, 2.8302878, 0.92462582,
  4.5353579, 3.836021, -0.1951377, -2.4410258, -1.3729387, -0.71901068, -2.7462501, -0.88689549, -4.7562105,
  -4.4719132, -0.75497878, 1.4434868, 0.52104752, 0.072879819, 2.3663863,
];

test('a TransformerBlock is PyTorch’s encoder layer, and takes seven kernels', async () => {
  const entries = Object.entries(torchShapes).map(([name, shape], k): SafetensorsEntry => {
    const isGain = /norm\d\.weight/.test(name);
    const data = sines(
      shape.reduce((a, b) => a * b, 1),
      0.7,
      k,
    ).map((v) => 0.3 * v + (isGain ? 1 : 0));
    return { name: `module.${name}`, dtype: 'F32', shape, data };
  });
  const file = await openSafetensors(bytesSource(writeSafetensors(entries)));
  const block = await loadModule(
    file,
    (p) => new TransformerBlock(p, 8, { heads: 2, causal: true, hidden: 16 }),
    {
      device,
      rename: (name) => name.replace(/^module\./, ''),
      sourceOf: torchName,
    },
  );
  const x = tensor(device, sines(24, 0.3), [1, 3, 8]);
  const before = device.stats.dispatches;
  const y = device.scope(() => block.forward(x));
  assert.is(device.stats.dispatches - before, 7);
  const error = relativeError(await y.read(), torchResult);
  assert.ok(error < 1e-5, `relative error ${error}`);
  for (const t of [x, y, block]) t.dispose();
});

test('Linear and Embedding: their formulas, both layouts', async () => {
  const values = [1, 2, 3, 4, 5, 6];
  const results: number[][] = [];
  for (const layout of ['out-in', 'in-out'] as const) {
    const map = new Linear(seeded(device, { seed: 1 }), 3, 2, { layout });
    const turned = [1, 4, 2, 5, 3, 6];
    map.loadStateDict({
      weight: { shape: map.weight.shape, data: layout === 'out-in' ? values : turned },
      bias: { shape: [2], data: [0.5, -0.5] },
    });
    assert.equal(map.weight.shape, layout === 'out-in' ? [2, 3] : [3, 2]);
    const y = device.scope(() => map.forward(tensor(device, [1, 1, -1], [1, 3]), { activation: 'relu' }));
    results.push(Array.from(await y.read()));
    y.dispose();
    map.dispose();
  }
  assert.equal(results, [
    [0.5, 2.5],
    [0.5, 2.5],
  ]);
  const table = new Embedding(seeded(device, { seed: 1 }), 4, 3);
  const rows = device.scope(() => table.forward(tensor(device, [2, 0], [2], { dtype: 'i32' })));
  const all = Array.from(await table.weight.read());
  assert.equal(Array.from(await rows.read()), [...all.slice(6, 9), ...all.slice(0, 3)]);
  rows.dispose();
  table.dispose();
});

test('Conv2d, AvgPool2d and Flatten: shapes, and sums of ones', async () => {
  const net = new Sequential(seeded(device, { seed: 1 }), [
    (p) => new Conv2d(p, 2, 3, 3, { padding: 1, init: (v) => void v.fill(1) }),
    () => new AvgPool2d(2),
    () => new Flatten(),
  ]).trainable(false);
  const bias = net.namedParameters().get('0.bias')!.write([0, 1, 2]);
  assert.equal(net.namedParameters().get('0.weight')!.shape, [3, 3, 2, 3]);
  const y = device.scope(() =>
    net.forward(tensor(device, new Float32Array(2 * 16 * 2).fill(1), [2, 4, 4, 2])),
  );
  assert.equal(y.shape, [2, 12]);
  // Windows of a corner tile see 4, 6, 6 and 9 pixels of two channels: 12.5 on average.
  assert.equal(
    Array.from(await y.read()),
    Array.from({ length: 24 }, (_, i) => 12.5 + (i % 3)),
  );
  assert.is(bias.size, 3);
  y.dispose();
  net.dispose();
});

test('Dropout draws anew in each pass and each replay, keeps its share, and is off after eval', async () => {
  const drop = new Dropout(0.25, { seed: 3 });
  const other = new Dropout(0.25, { seed: 3 });
  const x = tensor(device, new Float32Array(4000).fill(1), [4000], { persistent: true });
  const plan = await compile(device, {}, () => ({
    a: drop.forward(x),
    b: drop.forward(x),
    c: other.forward(x),
  }));
  const masks: string[] = [];
  for (let replay = 0; replay < 2; replay++) {
    for (const t of Object.values(plan.run())) {
      const values = await t.read();
      const kept = values.filter((v) => v !== 0);
      assert.ok(kept.every((v) => Math.abs(v - 4 / 3) < 1e-6));
      // Binomial: mean 3000, deviation 27.
      assert.ok(Math.abs(kept.length - 3000) < 140, `${kept.length} kept`);
      masks.push(values.join());
    }
  }
  assert.is(new Set(masks).size, 6);
  assert.is(drop.eval().forward(x), x);
  assert.throws(() => new Dropout(1), /Dropout: p is 1/);
  plan.dispose();
  for (const t of [drop, other, x]) t.dispose();
});

test('the backward pass of a Dropout used twice has the mask of each forward pass', async () => {
  const drop = new Dropout(0.5);
  const [x, y] = [1, 2].map(() => tensor(device, new Float32Array(64).fill(1), [64]).trainable());
  const [a, b, dx, dy] = device.scope(() => {
    const outs = [drop.forward(x), drop.forward(y)];
    return [...outs, ...grad(outs[0].add(outs[1]).sum(), [x, y])];
  });
  // The inputs are ones: an output is its slope.
  assert.equal(await dx.read(), await a.read());
  assert.equal(await dy.read(), await b.read());
  assert.not.equal(await a.read(), await b.read());
  for (const t of [x, y, a, b, dx, dy, drop]) t.dispose();
});

test('Attention: heads must divide the width', () => {
  assert.throws(
    () => new Attention(seeded(device, { seed: 1 }), 6, { heads: 4 }),
    (error: unknown) =>
      error instanceof ModuleError && /width 6 is not divisible by 4 heads/.test(error.message),
  );
});

test('XOR is learnt by a module and an optimiser that is given only a rate', async () => {
  class Net extends Module {
    readonly layers: Sequential;
    constructor(p: Parameters) {
      super();
      this.layers = new Sequential(p.at('layers'), [
        (q) => new Linear(q, 2, 8),
        () => new Activation('tanh'),
        (q) => new Linear(q, 8, 1),
      ]);
    }
    forward(x: Tensor): Tensor {
      return this.layers.forward(x);
    }
  }
  const net = new Net(seeded(device, { seed: 1 }));
  const optimizer = new AdamW(net.namedParameters(), { lr: 0.05 });
  const plan = await compile(device, { x: { shape: [4, 2] }, y: { shape: [4, 1] } }, ({ x, y }) => {
    const loss = net.forward(x).sub(y).square().mean();
    optimizer.step(loss);
    return { loss };
  });
  const batch = { x: [0, 0, 0, 1, 1, 0, 1, 1], y: [0, 1, 1, 0] };
  const first = await plan.run(batch).loss.item();
  for (let step = 0; step < 150; step++) plan.run(batch);
  const last = await plan.outputs.loss.item();
  assert.ok(first > 0.2 && last < 0.01, `${first} → ${last}`);
  plan.dispose();
  optimizer.dispose();
});

test.run();
