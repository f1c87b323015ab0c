// checkpoint: the same bits as without it, eagerly and in plans, for less memory.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  AdamW,
  add,
  checkpoint,
  compile,
  dropout,
  grad,
  layerNorm,
  linear,
  matmul,
  mlp,
  mul,
  noGrad,
  openDevice,
  parameter,
  tensor,
  type Tensor,
} from '../src/node.ts';

const device = await openDevice();
const test = suite('checkpoint');
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const wave = (f: number, ...shape: number[]): Float32Array =>
  Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(f * (i + 1)));
const weight = (f: number, ...shape: number[]): Tensor => parameter(device, wave(f, ...shape), shape);

const [rows, width, hidden, depth] = [16, 8, 32, 4];
type Block = Record<'scale' | 'shift' | 'w1' | 'w2', Tensor>;
const blocksOf = (count: number): Block[] =>
  Array.from({ length: count }, (_, i) => ({
    scale: weight(0.1 + i, width),
    shift: weight(0.2 + i, width),
    w1: weight(0.3 + i, hidden, width),
    w2: weight(0.4 + i, width, hidden),
  }));
const blocks = blocksOf(depth);
const weights = blocks.flatMap((block) => Object.values(block));
const seed = tensor(device, [3, 5], [2], { dtype: 'u32', persistent: true });
test.after(() => {
  for (const t of [...weights, seed]) t.dispose();
});

const block =
  ({ scale, shift, w1, w2 }: Block, stream: number) =>
  (x: Tensor): Tensor => {
    const inner = mlp(layerNorm(x, scale, shift), { w1, w2 }, { activation: 'gelu' });
    return add(x, dropout(inner, { p: 0.25, seed, stream }));
  };

function lossOf(x: Tensor, all: readonly Block[], keeps: boolean): Tensor {
  const y = all.reduce((h, each, i) => {
    const run = block(each, i);
    return keeps ? run(h) : checkpoint(run, [h]);
  }, x);
  return mul(y, y).sum();
}

function step(x: Tensor, keeps: boolean): Record<string, Tensor> {
  const loss = lossOf(x, blocks, keeps);
  const grads = grad(loss, [x, ...weights]);
  return { loss, ...Object.fromEntries(grads.map((g, i) => [`g${i}`, g])) };
}

const bitsOf = async (all: Record<string, Tensor>): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(all).map(async ([name, t]) => [
        name,
        Buffer.from((await t.read()).buffer).toString('hex'),
      ]),
    ),
  ) as Record<string, string>;

test('loss and gradients of blocks with dropout are the same bits', () =>
  device.scope(async () => {
    const run = (keeps: boolean): Promise<Record<string, string>> => {
      const x = tensor(device, wave(0.7, rows, width), [rows, width]).trainable();
      return bitsOf(step(x, keeps));
    };
    const wanted = await run(true);
    assert.is(Object.keys(wanted).length, 2 + weights.length);
    assert.equal(await run(false), wanted);
  }));

test('in a plan too', async () => {
  const planOf = (keeps: boolean): ReturnType<typeof compile> =>
    compile(device, { x: { shape: [rows, width] } }, ({ x }) => step(x.trainable(), keeps));
  const [plain, saving] = [await planOf(true), await planOf(false)];
  const values = { x: wave(0.7, rows, width) };
  assert.equal(await bitsOf(saving.run(values)), await bitsOf(plain.run(values)));
  for (const plan of [plain, saving]) plan.dispose();
});

test('two steps of training end in the same bits, with the activations of one block instead of all in memory', async () => {
  const train = async (keeps: boolean): Promise<{ bits: Record<string, string>; arenaBytes: number }> => {
    const own = blocksOf(8);
    const named = Object.fromEntries(
      own.flatMap((each, i) => Object.entries(each).map(([name, t]) => [`${i}.${name}`, t])),
    );
    const optimiser = new AdamW(named, { lr: 0.01 });
    const plan = await compile(device, { x: { shape: [rows, width] } }, ({ x }) => {
      const loss = lossOf(x, own, keeps);
      optimiser.step(loss);
      return { loss };
    });
    for (let n = 0; n < 2; n++) plan.run({ x: wave(0.7, rows, width) });
    const bits = await bitsOf({ ...plan.outputs, ...named });
    const { arenaBytes } = plan;
    plan.dispose();
    optimiser.dispose();
    return { bits, arenaBytes };
  };
  const [plain, saving] = [await train(true), await train(false)];
  assert.equal(saving.bits, plain.bits);
  // A block keeps its hidden layer before and after the activation: eight of them, or one and the inputs of eight.
  const kept = 4 * rows * hidden * 2;
  assert.ok(
    saving.arenaBytes < plain.arenaBytes - 4 * kept,
    `${saving.arenaBytes} bytes, without checkpoint ${plain.arenaBytes}`,
  );
});

test('eagerly what lies between is freed, and the most memory in use is less', () => {
  const held = (keeps: boolean): number =>
    device.scope(() => {
      const before = device.stats.liveBytes;
      let x = tensor(device, wave(0.7, rows, width), [rows, width]).trainable();
      for (const [i, each] of blocks.entries())
        x = keeps ? block(each, i)(x) : checkpoint(block(each, i), [x]);
      return device.stats.liveBytes - before;
    });
  const whole = 4 * rows * width;
  assert.is(held(false), whole * (1 + depth));
  assert.ok(held(true) > 2 * held(false));
});

test('a gradient that goes by two ways counts each once: captured tensors computed from one another and from the input', () =>
  device.scope(async () => {
    const run = async (
      wrap: (fn: (x: Tensor) => Tensor, x: Tensor) => Tensor,
    ): Promise<Record<string, string>> => {
      const x = tensor(device, wave(0.7, 4, 4), [4, 4]).trainable();
      const w = tensor(device, wave(0.9, 4, 4), [4, 4]).trainable();
      const early = mul(w, x);
      const late = matmul(early, w);
      const y = wrap((h) => add(matmul(h, early), mul(late, w)), x);
      const [dx, dw, dearly] = grad(mul(y, early).sum(), [x, w, early]);
      return bitsOf({ y, dx, dw, dearly });
    };
    const plain = await run((fn, x) => fn(x));
    const near = async (other: Promise<Record<string, string>>): Promise<void> => {
      const got = await other;
      for (const [name, hex] of Object.entries(plain)) {
        const [a, b] = [hex, got[name]].map(
          (text) => new Float32Array(new Uint8Array(Buffer.from(text, 'hex')).buffer),
        );
        a.forEach((v, i) =>
          assert.ok(Math.abs(v - b[i]) <= 1e-5 * Math.max(1, Math.abs(v)), `${name} ${i}: ${v} ${b[i]}`),
        );
      }
    };
    await near(run((fn, x) => checkpoint(fn, [x])));
    await near(run((fn, x) => checkpoint((h) => checkpoint(fn, [h]), [x])));
  }));

test('only what is wanted gets a gradient; noGrad, frozen inputs and returned inputs are as without it', () =>
  device.scope(async () => {
    const x = tensor(device, [1, 2], [1, 2]);
    const w = tensor(device, [3, 4, 5, 6], [2, 2]).trainable();
    const b = tensor(device, [7, 8], [2]).trainable();
    const y = checkpoint((h) => linear(h, w, b), [x]);
    assert.equal([...(await grad(y.sum(), [w])[0].read())], [1, 2, 1, 2]);
    assert.is(checkpoint((h) => mul(h, 2), [x]).requiresGrad, false);
    assert.is(checkpoint((h) => noGrad(device, () => linear(h, w, b)), [x]).requiresGrad, false);
    assert.is(noGrad(device, () => checkpoint((h) => linear(h, w, b), [x])).requiresGrad, false);
    const same = checkpoint((h) => h, [w]);
    assert.ok(same !== w && w.node === undefined);
    assert.equal([...(await grad(mul(same, same).sum(), [w])[0].read())], [6, 8, 10, 12]);
  }));

test('refused by name: no inputs, a result that is no tensor', () => {
  device.scope(() => {
    const x = tensor(device, [1], [1]);
    assert.throws(() => checkpoint(() => x, [] as never), /checkpoint: no inputs/);
    assert.throws(() => checkpoint(() => [x] as never, [x]), /checkpoint: the result of fn is the array/);
    assert.throws(
      () => checkpoint(() => x, [1] as never),
      /checkpoint: input 0 is 1, but a tensor is wanted/,
    );
    assert.is(device.captured, undefined);
    assert.is(device.gradEnabled, true);
  });
});

test.run();
