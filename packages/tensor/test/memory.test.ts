// Memory: scopes, leaks, released tensors, allocations that cannot be.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice } from '../src/node.ts';
import {
  AdamW,
  compile,
  DisposedError,
  emptyTensor,
  fill,
  grad,
  LimitError,
  linear,
  noGrad,
  parameter,
  randomNormal,
  tensor,
  type Tensor,
} from '../src/index.ts';
import { uniform } from './op-check.ts';
import { rejects } from './rejects.ts';

const device = await openDevice();
const test = suite('memory');

test.before.each(() => device.trim());
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const live = (): number => device.stats.liveBytes;

test('a scope releases what was made inside, except its result', async () => {
  const before = live();
  const x = tensor(device, [1, 2, 3], [3]);
  const own = live() - before;
  const made: Tensor[] = [];
  const { y, list } = device.scope(() => {
    const doubled = x.mul(2);
    made.push(doubled);
    return { y: doubled.add(1), list: [doubled.add(x)] };
  });
  assert.is(live() - before, 3 * own, 'x and two results are alive');
  assert.equal([...(await y.read())], [3, 5, 7]);
  assert.equal([...(await list[0].read())], [3, 6, 9]);
  await rejects(() => made[0].read(), DisposedError, 'mul [3] f32', 'scope ended');
  for (const t of [x, y, list[0]]) t.dispose();
  assert.is(live(), before);
});

test('scopes nest, keep() leaves them all, errors and promises end them', async () => {
  const before = live();
  let kept: Tensor | undefined;
  const outer = device.scope(() => {
    const inner = device.scope(() => {
      kept = tensor(device, [5], [1]).mul(1).keep();
      return tensor(device, [1], [1]).mul(7);
    });
    return inner.add(1);
  });
  assert.is(await outer.item(), 8);
  assert.is(await kept!.item(), 5);
  outer.dispose();
  kept!.dispose();
  assert.is(live(), before);
  assert.throws(() =>
    device.scope(() => {
      tensor(device, [1], [1]);
      throw new Error('stop');
    }),
  );
  assert.is(live(), before, 'after an error');
  const value = await device.scope(async () => await tensor(device, [3], [1]).mul(2).item());
  assert.is(value, 6);
  assert.is(live(), before, 'after a promise');
});

test('an op keeps no memory of its own, gradients only those asked for', () => {
  const before = live();
  const x = tensor(device, new Float32Array(9001), [9001]);
  const table = tensor(device, new Float32Array(12), [3, 4]).trainable();
  const ids = tensor(device, [0, 2, 0], [3], { dtype: 'u32' });
  const given = live();
  // A long sum goes through partial sums, a seed given as a number through a tensor.
  const total = x.sum();
  assert.is(live() - given, 256);
  const noise = randomNormal(device, [4], { seed: 3 });
  assert.is(live() - given, 512);
  const rows = table.embedding(ids);
  const bent = rows.tanh();
  const loss = bent.sum();
  assert.is(live() - given, 5 * 256);
  const [g] = grad(loss, [table]);
  assert.is(live() - given, 6 * 256);
  for (const t of [x, table, ids, total, noise, rows, bent, loss, g]) t.dispose();
  assert.is(live(), before);
});

interface Training {
  step(k: number): Promise<number>;
  dispose(): void;
}

/** y = tanh(x·W + b) learns a fixed target; a step's memory is in a scope, or a plan's. */
async function training(use: 'sgd' | 'adamW' | 'planned adamW'): Promise<Training> {
  const draw = uniform(5);
  const random = (n: number): Float32Array => Float32Array.from({ length: n }, () => 2 * draw() - 1);
  const w = parameter(device, random(12 * 20), [12, 20]);
  const b = parameter(device, random(12), [12]);
  const optimiser = use === 'sgd' ? undefined : new AdamW({ w, b });
  const data = random(7 * 20);
  const target = random(7 * 12);
  const lossOf = (x: Tensor, y: Tensor): Tensor =>
    linear(x, w, b, { activation: 'tanh' }).sub(y).square().mean();
  const specs = { x: { shape: [7, 20] }, y: { shape: [7, 12] } };
  const plan =
    use === 'planned adamW'
      ? await compile(device, specs, ({ x, y }) => {
          const loss = lossOf(x, y);
          optimiser!.step(loss);
          return { loss };
        })
      : undefined;
  const step = async (k: number): Promise<number> => {
    if (plan) {
      optimiser!.schedule(k + 1, 0.01);
      return await plan.run({ x: data, y: target }).loss.item();
    }
    return await device.scope(async () => {
      const loss = lossOf(tensor(device, data, [7, 20]), tensor(device, target, [7, 12]));
      if (optimiser) {
        optimiser.schedule(k + 1, 0.01);
        optimiser.step(loss);
      } else {
        const gradients = grad(loss, [w, b]);
        const moved = noGrad(device, () => [w.sub(gradients[0].mul(0.1)), b.sub(gradients[1].mul(0.1))]);
        w.write(await moved[0].read());
        b.write(await moved[1].read());
      }
      return await loss.item();
    });
  };
  const dispose = (): void => {
    plan?.dispose();
    if (optimiser) optimiser.dispose();
    else for (const t of [w, b]) t.dispose();
  };
  return { step, dispose };
}

for (const use of ['sgd', 'adamW', 'planned adamW'] as const) {
  test(`200 training steps with ${use} learn and leak nothing`, async () => {
    const before = live();
    const { step, dispose } = await training(use);
    const losses: number[] = [];
    for (let k = 0; k < 5; k++) losses.push(await step(k));
    const { liveBytes, pooledBytes, pipelines } = device.stats;
    for (let k = 5; k < 200; k++) losses.push(await step(k));
    assert.is(device.stats.liveBytes, liveBytes);
    assert.is(device.stats.pooledBytes, pooledBytes);
    assert.is(device.stats.pipelines, pipelines);
    assert.ok(losses[199] < 0.5 * losses[0], `the loss went from ${losses[0]} to ${losses[199]}`);
    dispose();
    assert.is(live(), before);
  });
}

test('a plan gives all its memory back', async () => {
  const before = live();
  const w = parameter(device, [1, 2, 3, 4], [2, 2]);
  const specs = { x: { shape: [3, 2] } };
  const plan = await compile(device, specs, ({ x }) => {
    const loss = linear(x, w)
      .tanh()
      .add(tensor(device, [1, 1], [2]))
      .sum();
    return { loss, g: grad(loss, [w])[0] };
  });
  const { loss } = plan.run({ x: [1, 2, 3, 4, 5, 6] });
  assert.ok(Number.isFinite(await loss.item()));
  plan.dispose();
  await rejects(() => loss.read(), DisposedError);
  assert.throws(
    () => plan.run(),
    (e: Error) => e instanceof DisposedError && /plan/.test(e.message),
  );
  await rejects(
    () =>
      compile(device, specs, () => {
        throw new Error('stop');
      }),
    Error,
    'stop',
  );
  // Fails once its memory is laid out.
  const side = Math.floor(Math.sqrt(device.gpu.limits.maxBufferSize / 4)) + 1;
  await rejects(
    () =>
      compile(device, specs, ({ x }) => {
        const held = tensor(device, [1], [1]);
        return { y: x.sum().add(held), z: fill(device, [side, side], 1) };
      }),
    LimitError,
    `fill [${side}, ${side}] f32 (plan slot`,
    'buffer limit',
  );
  w.dispose();
  assert.is(live(), before);
});

test('a released tensor says so, wherever it is used', async () => {
  const x = tensor(device, [1, 2, 3], [3]);
  x.dispose();
  x.dispose();
  await rejects(() => x.read(), DisposedError, 'tensor [3] f32: this tensor was released');
  const uses: (() => unknown)[] = [() => x.mul(2), () => x.reshape([3, 1]).tanh(), () => x.write([4, 5, 6])];
  for (const use of uses)
    assert.throws(use, (e: Error) => e instanceof DisposedError && e.message.includes('tensor [3] f32'));
  await rejects(() => compile(device, {}, () => ({ y: x.mul(2) })), DisposedError, 'tensor [3]');
  assert.is(device.trace, undefined);
});

test('an absurd size names the op and the bytes', () => {
  const { maxBufferSize } = device.gpu.limits;
  const side = 2 ** 21;
  device.scope(() => {
    const column = emptyTensor(device, [side, 1]);
    const row = emptyTensor(device, [1, side]);
    for (const [name, work] of [
      ['add', () => column.add(row)],
      ['matmul', () => column.matmul(row)],
      ['tensor', () => emptyTensor(device, [side, side])],
    ] as const) {
      assert.throws(work, (e: Error) => {
        assert.instance(e, LimitError);
        assert.ok(
          e.message.startsWith(`${name} [${side}, ${side}] f32: ${4 * side * side} bytes`),
          e.message,
        );
        assert.ok(e.message.includes(`limit of ${maxBufferSize}`), e.message);
        return true;
      });
    }
  });
});

test.run();
