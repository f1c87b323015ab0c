// All optimisers against figures from PyTorch 1.13 (float64): without a call of `schedule`, eager and replayed; what they
// refuse; gradients that are NaN; parameters without a gradient; accumulation and averages.
import { failOnGpuErrors, relativeError, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  Adam,
  AdamW,
  compile,
  Ema,
  Lion,
  openDevice,
  parameter,
  SGD,
  tensor,
  type Device,
  type Optimizer,
  type Tensor,
} from '../src/node.ts';

const test = suite('optimizers');
let device: Device;

test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

const start = [0.5, -1.25, 2];
const leaf = (values: number[] = start): Tensor => parameter(device, values, [values.length]);
/** Σ c·x + x²/2, with c of step t. */
const slopes = (t: number): number[] => [t, -2 * t, 0.5 * t];
const lossOf = (x: Tensor, c: Tensor): Tensor => x.mul(c).sum().add(x.square().sum().affine(0.5));

type Make = (x: Tensor) => Optimizer;

/** x after `steps` updates, eager or replayed. */
async function trained(make: Make, planned: boolean, steps = 4): Promise<number[]> {
  const x = leaf();
  const optimizer = make(x);
  const plan = planned
    ? await compile(device, { c: { shape: [3] } }, ({ c }) => ({ norm: optimizer.step(lossOf(x, c)) }))
    : undefined;
  for (let t = 1; t <= steps; t++) {
    if (plan) plan.run({ c: slopes(t) });
    else device.scope(() => void optimizer.step(lossOf(x, tensor(device, slopes(t), [3]))));
  }
  const values = Array.from(await x.read());
  plan?.dispose();
  optimizer.dispose();
  return values;
}

// torch.optim over the same loss, lr 0.1, four steps.
const figures: Record<string, [Make, number[]]> = {
  SGD: [(x) => new SGD([x], { lr: 0.1 }), [-0.57685, 0.989675, 0.85975]],
  'SGD with weight decay': [
    (x) => new SGD([x], { lr: 0.1, weightDecay: 0.3 }),
    [-0.591781495, 1.04033859, 0.70668007],
  ],
  'SGD with momentum': [
    (x) => new SGD([x], { lr: 0.1, momentum: 0.9, weightDecay: 0.3 }),
    [-1.59204195, 3.17335321, -0.72090623],
  ],
  'SGD with Nesterov momentum': [
    (x) => new SGD([x], { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.3 }),
    [-2.10360642, 4.2258497, -1.18226128],
  ],
  Adam: [(x) => new Adam([x], { lr: 0.1 }), [0.105117215, -0.854847569, 1.59892816]],
  'Adam with other options': [
    (x) => new Adam([x], { lr: 0.1, betas: [0.8, 0.95], eps: 1e-3, weightDecay: 0.3 }),
    [0.0994945689, -0.849265177, 1.59748773],
  ],
  'AdamW as PyTorch has it by default': [
    (x) => new AdamW([x], { lr: 0.1 }),
    [0.10371018, -0.850443988, 1.59153681],
  ],
  'clipping by value': [(x) => new SGD([x], { lr: 0.1, clipValue: 1.5 }), [-0.1, -0.65, 1.4]],
  'clipping by norm': [
    (x) => new SGD([x], { lr: 0.1, clipNorm: 1.5 }),
    [0.269727664, -0.767754804, 1.73296016],
  ],
};

for (const [what, [make, wanted]] of Object.entries(figures)) {
  test(`${what}: PyTorch’s figures`, async () => {
    const eager = await trained(make, false);
    const error = relativeError(eager, wanted);
    assert.ok(error < 1e-6, `${eager.join()}: relative error ${error}`);
    assert.equal(await trained(make, true), eager, 'replayed, bit for bit');
  });
}

test('Lion: the paper’s Algorithm 2', async () => {
  const x = Float64Array.from(start);
  const m = new Float64Array(3);
  for (let t = 1; t <= 4; t++) {
    slopes(t).forEach((c, i) => {
      const g = c + x[i];
      x[i] -= 0.1 * (Math.sign(0.9 * m[i] + 0.1 * g) + 0.3 * x[i]);
      m[i] = 0.99 * m[i] + 0.01 * g;
    });
  }
  const make: Make = (p) => new Lion([p], { lr: 0.1, weightDecay: 0.3 });
  const eager = await trained(make, false);
  assert.ok(relativeError(eager, x) < 1e-6, eager.join());
  assert.equal(await trained(make, true), eager);
});

test('the number of updates advances by itself over many replays', async () => {
  const x = leaf();
  const optimizer = new AdamW([x], { lr: 0.01 });
  const plan = await compile(device, {}, () => {
    optimizer.step(
      x
        .sub(tensor(device, [1, 2, 3], [3]))
        .square()
        .sum(),
    );
    return {};
  });
  for (let step = 0; step < 200; step++) plan.run();
  // torch.optim.AdamW(lr=0.01) after 200 steps.
  const error = relativeError(await x.read(), [0.998529942, 0.468562834, 2.9694781]);
  assert.ok(error < 1e-5, `relative error ${error}`);
  assert.is(await optimizer.state().step.item(), 200);
  plan.dispose();
  optimizer.dispose();
});

test('schedule and lr change the coming updates; schedule says the same as counting', async () => {
  const results = await Promise.all(
    [false, true].map(async (explicit) => {
      const x = leaf();
      const optimizer = new AdamW([x], { lr: explicit ? 0.5 : 0.1 });
      for (let t = 1; t <= 3; t++) {
        if (explicit) optimizer.schedule(t, t < 3 ? 0.1 : 0.02);
        else if (t === 3) optimizer.lr = 0.02;
        device.scope(() => void optimizer.step(lossOf(x, tensor(device, slopes(t), [3]))));
      }
      assert.is(optimizer.lr, 0.02);
      const values = await x.read();
      optimizer.dispose();
      return values;
    }),
  );
  assert.ok(relativeError(results[0], results[1]) < 1e-6, results.join(' · '));
});

test('updates after a schedule count on from its step', async () => {
  const both = [];
  for (const second of ['counted', 'scheduled']) {
    const x = leaf();
    const optimizer = new Adam([x], { lr: 9 });
    for (const step of [5, 6]) {
      if (step === 5 || second === 'scheduled') optimizer.schedule(step, 0.1);
      device.scope(() => void optimizer.step(lossOf(x, tensor(device, slopes(step), [3]))));
    }
    both.push(await x.read());
    optimizer.dispose();
  }
  assert.ok(relativeError(both[0], both[1]) < 1e-6, both.join(' · '));
});

test('a restored state goes on as the uninterrupted run, bit for bit', async () => {
  const once = async (breakAt: number): Promise<number[]> => {
    let x = leaf();
    let optimizer: Optimizer = new AdamW({ x }, { lr: 0.1 });
    for (let t = 1; t <= 4; t++) {
      if (t === breakAt) {
        const state = optimizer.state();
        assert.equal(Object.keys(state), ['m.x', 'v.x', 'step']);
        const saved = new Map<string, ArrayLike<number>>();
        for (const [name, s] of Object.entries(state)) saved.set(name, await s.read());
        const values = Array.from(await x.read());
        optimizer.dispose();
        x = leaf(values);
        optimizer = new AdamW({ x }, { lr: 0.1 });
        for (const [name, s] of Object.entries(optimizer.state())) s.write(saved.get(name)!);
      }
      device.scope(() => void optimizer.step(lossOf(x, tensor(device, slopes(t), [3]))));
    }
    const values = Array.from(await x.read());
    optimizer.dispose();
    return values;
  };
  assert.equal(await once(3), await once(0));
});

test('what makes no sense is refused, and says what is wanted', () => {
  const x = leaf();
  for (const lr of [Number.NaN, -1, Infinity])
    assert.throws(
      () => new AdamW([x], { lr }),
      new RegExp(`AdamW: lr is ${lr}; a finite number from 0 is needed`),
    );
  assert.throws(
    () => new Adam([x], { betas: [0.9, 1] }),
    /Adam: betas\[1\] is 1; a number from 0 and below 1/,
  );
  assert.throws(() => new Adam([x], { eps: -1 }), /Adam: eps is -1/);
  assert.throws(() => new Lion([x], { weightDecay: Number.NaN }), /Lion: weightDecay is NaN/);
  assert.throws(() => new SGD([x], { lr: 1, nesterov: true }), /SGD: nesterov needs a momentum/);
  assert.throws(() => new SGD([x], { lr: 1, clipNorm: 0 }), /SGD: clipNorm is 0; a finite number above 0/);
  assert.throws(() => new SGD([x], { lr: 1, clipNorm: 1, clipValue: 1 }), /choose one/);
  const optimizer = new AdamW([x]);
  for (const step of [0, 1.5, Number.NaN])
    assert.throws(() => optimizer.schedule(step, 0.1), /schedule: step is .*; updates are counted from 1/);
  assert.throws(() => optimizer.schedule(1, Number.NaN), /schedule: lr is NaN/);
  assert.throws(() => (optimizer.lr = -1), /AdamW: lr is -1/);
  assert.throws(
    () => optimizer.accumulate(x.sum()),
    /accumulate: make the optimiser with \{ accumulates: true \}/,
  );
  assert.throws(() => optimizer.step(), /step without a loss/);
  optimizer.dispose();
});

test('parameters that cannot be trained are refused by name, and nothing is destroyed', async () => {
  const taken = leaf();
  const free = leaf([7, 8]);
  const first = new SGD({ taken }, { lr: 1 });
  assert.throws(() => new AdamW({ free, taken }), /AdamW: taken is already trained by another optimiser/);
  assert.equal(Array.from(await free.read()), [7, 8]);
  assert.equal(Array.from(await taken.read()), start);
  device.scope(() => void first.step(taken.sum()));
  assert.equal(Array.from(await taken.read()), [-0.5, -2.25, 1]);
  const frozen = leaf().trainable(false);
  assert.throws(() => new AdamW({ free, frozen }), /AdamW: frozen is frozen; call trainable\(\)/);
  assert.throws(
    () => new AdamW({ free, twin: free.detach().trainable() }),
    /twin has the same memory as free/,
  );
  device.scope(() => assert.throws(() => new AdamW({ y: free.tanh() }), /y is a result of tanh and no leaf/));
  assert.throws(() => new AdamW({ n: 3 as unknown as Tensor }), /AdamW: n is no tensor/);
  frozen.dispose();
  assert.throws(() => new AdamW({ frozen: frozen.trainable() }), /frozen was released/);
  // Released by the first one, it may go to another.
  first.release();
  assert.equal(Array.from(await taken.read()), [-0.5, -2.25, 1]);
  new AdamW({ free, taken }).dispose();
});

test('a NaN gradient makes the norm and, with clipping by norm, every weight NaN, as in PyTorch', async () => {
  for (const options of [{}, { clipNorm: 1 }, { clipValue: 1 }]) {
    const [bad, good] = [leaf([1, 2]), leaf([9, 9])];
    const optimizer = new SGD({ bad, good }, { lr: 0.1, ...options });
    const norm = device.scope(() =>
      optimizer.step(
        bad
          .mul(tensor(device, [Number.NaN, 9], [2]))
          .sum()
          .add(good.sum()),
      ),
    );
    assert.ok(Number.isNaN(await norm.item()));
    const [b, g] = [await bad.read(), await good.read()];
    assert.ok(Number.isNaN(b[0]));
    const all = 'clipNorm' in options;
    assert.is(Number.isNaN(b[1]), all, JSON.stringify(options));
    assert.equal(Array.from(g, Number.isNaN), [all, all]);
    optimizer.dispose();
  }
});

test('Lion does not hide a NaN gradient', async () => {
  const x = leaf([1, 2]);
  const optimizer = new Lion([x], { lr: 0.1 });
  device.scope(() => void optimizer.step(x.mul(tensor(device, [Number.NaN, 9], [2])).sum()));
  assert.equal(Array.from(await x.read(), Number.isNaN), [true, false]);
  optimizer.dispose();
});

test('a parameter that the loss does not depend on stays as it is', async () => {
  const weights = { a: leaf([1]), b: leaf([1]), c: leaf([1]) };
  const optimizer = new AdamW(weights, { lr: 0.1, weightDecay: 0.5 });
  device.scope(() => void optimizer.step(weights.a.mul(2).sum().add(weights.c.sum())));
  // torch.optim.AdamW: b has no gradient and is skipped.
  const values = async (): Promise<number[]> => [
    await weights.a.item(),
    await weights.b.item(),
    await weights.c.item(),
  ];
  const [a, b, c] = await values();
  assert.is(b, 1);
  assert.ok(relativeError([a, c], [0.85, 0.85]) < 1e-6, `${a}, ${c}`);
  const stranger = leaf([1]);
  device.scope(() =>
    assert.throws(() => optimizer.step(stranger.sum()), /the loss depends on none of the 3 parameters/),
  );
  stranger.dispose();
  assert.equal(await values(), [a, 1, c]);
  optimizer.dispose();
});

test('f16 parameters have f32 masters: updates too small for f16 add up, in plans too', async () => {
  if (!device.adapter.f16) return console.log('  skipped: this adapter has no f16');
  const before = device.stats.liveBytes;
  const x = tensor(device, [1, 2, 3], [3], { dtype: 'f16', persistent: true }).trainable();
  const optimizer = new SGD({ x }, { lr: 1e-4 });
  const plan = await compile(device, { c: { shape: [3] } }, ({ c }) => ({
    norm: optimizer.step(x.cast('f32').mul(c).sum()),
  }));
  plan.run({ c: [1, -1, 1] });
  assert.equal(Array.from(await x.read()), [1, 2, 3], 'a ten-thousandth is below half a unit of f16');
  for (let step = 0; step < 99; step++) plan.run({ c: [1, -1, 1] });
  const master = optimizer.state()['master.x'];
  assert.ok(relativeError(await master.read(), [0.99, 2.01, 2.99]) < 1e-5);
  const rounded = await device.scope(() => master.cast('f16').read());
  assert.equal(await x.read(), rounded);
  const ema = new Ema(optimizer, { decay: 0 });
  master.write([5, 6, 7]);
  ema.swap();
  ema.swap();
  assert.equal(Array.from(await x.read()), [5, 6, 7]);
  ema.dispose();
  plan.dispose();
  assert.throws(() => new SGD({ x }, { lr: 1 }), /already trained by another optimiser/);
  optimizer.release();
  assert.equal(Array.from(await x.read()), [5, 6, 7]);
  new SGD({ x }, { lr: 1 }).dispose();
  assert.is(device.stats.liveBytes, before);
});

test('a scaled loss trains the same; an overflow leaves the update out and halves the scale', async () => {
  for (const options of [{}, { clipNorm: 0.5 }, { clipValue: 0.5 }]) {
    const values: number[][] = [];
    for (const lossScale of [undefined, { initial: 1024, growthInterval: 2 }]) {
      const x = leaf();
      const optimizer = new AdamW([x], { lr: 0.1, ...options, lossScale });
      const norms: number[] = [];
      for (let t = 1; t <= 4; t++)
        norms.push(
          await device.scope(() => optimizer.step(lossOf(x, tensor(device, slopes(t), [3]))).item()),
        );
      values.push([...(await x.read()), ...norms]);
      // Doubled after the second and the fourth update.
      if (lossScale) assert.equal(Array.from(await optimizer.state().lossScale.read()), [4096, 0, 0]);
      optimizer.dispose();
    }
    assert.ok(relativeError(values[1], values[0]) < 1e-6, values.join(' | '));
  }
  const x = leaf();
  const optimizer = new Adam([x], { lr: 0.1, lossScale: { initial: 2 ** 20 } });
  const step = (factor: number): Promise<number> =>
    device.scope(() => optimizer.step(x.mul(tensor(device, [factor, 1, 1], [3])).sum()).item());
  assert.is(await step(1e35), Infinity);
  assert.equal(Array.from(await x.read()), start);
  assert.is(await optimizer.state().step.item(), 0);
  assert.equal(Array.from(await optimizer.state().lossScale.read()), [2 ** 19, 0, 1]);
  assert.ok(Number.isNaN(await step(Number.NaN)));
  assert.equal(Array.from(await x.read()), start);
  await step(1);
  assert.not.equal(Array.from(await x.read()), start);
  assert.is(await optimizer.state().step.item(), 1);
  optimizer.dispose();
  const free = leaf();
  assert.throws(() => new SGD([free], { lr: 1, lossScale: { initial: 0 } }), /lossScale\.initial is 0/);
  free.dispose();
});

test('accumulated gradients are those of the summed loss, eager and replayed', async () => {
  const make = (x: Tensor, accumulates: boolean): Optimizer => new Adam([x], { lr: 0.1, accumulates });
  const both: number[][] = [];
  for (const mode of ['summed', 'eager', 'planned']) {
    const x = leaf();
    const optimizer = make(x, mode !== 'summed');
    const specs = { c: { shape: [3] } };
    // The update is traced first: it must not depend on what came before.
    const update =
      mode === 'planned'
        ? await compile(device, specs, ({ c }) => ({ norm: optimizer.step(lossOf(x, c)) }))
        : undefined;
    const gather =
      mode === 'planned'
        ? await compile(device, specs, ({ c }) => {
            optimizer.accumulate(lossOf(x, c));
            return {};
          })
        : undefined;
    for (const [one, two] of [
      [1, 2],
      [3, 4],
    ]) {
      if (mode === 'planned') {
        gather!.run({ c: slopes(one) });
        update!.run({ c: slopes(two) });
        continue;
      }
      device.scope(() => {
        const losses = [one, two].map((t) => lossOf(x, tensor(device, slopes(t), [3])));
        if (mode === 'summed') return void optimizer.step(losses[0].add(losses[1]));
        for (const loss of losses) optimizer.accumulate(loss);
        optimizer.step();
      });
    }
    both.push(Array.from(await x.read()));
    update?.dispose();
    gather?.dispose();
    optimizer.dispose();
  }
  assert.ok(relativeError(both[1], both[0]) < 1e-6, both.join(' · '));
  assert.ok(relativeError(both[2], both[0]) < 1e-6, both.join(' · '));
});

test('Ema follows the weights, swaps them, and leaves them', async () => {
  const x = leaf();
  const optimizer = new SGD({ x }, { lr: 1 });
  const ema = new Ema(optimizer, { decay: 0.75 });
  const plan = await compile(device, {}, () => {
    optimizer.step(x.sum());
    ema.update();
    return {};
  });
  plan.run();
  plan.run();
  // x falls by 1 in each step: x₂ = x₀ − 2, average = ¾(¾x₀ + ¼(x₀ − 1)) + ¼(x₀ − 2) = x₀ − 11/16.
  const average = start.map((v) => v - 11 / 16);
  assert.equal(Array.from(await ema.state().x.read()), average);
  ema.swap();
  assert.equal(Array.from(await x.read()), average);
  ema.swap();
  assert.equal(
    Array.from(await x.read()),
    start.map((v) => v - 2),
  );
  assert.throws(() => new Ema(optimizer, { decay: 1 }), /Ema: decay is 1/);
  plan.dispose();
  ema.dispose();
  optimizer.dispose();
});

test.run();
