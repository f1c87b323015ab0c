// What differentiation leaves out: nothing is recorded or computed for what needs no gradient.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  compile,
  grad,
  linear,
  noGrad,
  openDevice,
  parameter,
  ShapeError,
  tensor,
  TensorError,
  type Device,
  type Tensor,
} from '../src/node.ts';

const test = suite('autograd');
let device: Device;

test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

test('noGrad writes no tape, and ends with its function', () =>
  device.scope(() => {
    const w = tensor(device, [1, 2], [2]).trainable();
    const y = noGrad(device, () => w.mul(3));
    assert.is(y.requiresGrad, false);
    assert.is(y.node, undefined);
    assert.throws(() =>
      noGrad(device, () => {
        throw new Error('stop');
      }),
    );
    assert.ok(w.mul(3).node);
    assert.throws(
      () => noGrad(device, () => Promise.resolve(1)),
      (e: Error) => e instanceof TensorError && /noGrad: the function must not be async/.test(e.message),
    );
  }));

test('the backward pass writes no tape', () =>
  device.scope(() => {
    const w = tensor(device, [1, 2], [2]).trainable();
    const [g] = grad(w.square().sum(), [w]);
    assert.is(g.requiresGrad, false);
  }));

/** Kernels of a two-layer network and of the gradients of what is `trained`. */
async function kernels(trained: readonly ('x' | 'w1' | 'w2')[]): Promise<string[]> {
  const w1 = parameter(device, new Float32Array(6 * 5).fill(0.1), [6, 5]);
  const w2 = parameter(device, new Float32Array(3 * 6).fill(0.1), [3, 6]);
  const plan = await compile(device, { input: { shape: [4, 5] } }, ({ input }) => {
    const all = { x: input.detach(), w1, w2 };
    for (const [name, t] of Object.entries(all)) t.trainable(trained.includes(name as 'x'));
    const loss = linear(linear(all.x, w1, undefined, { activation: 'tanh' }), w2)
      .square()
      .sum();
    const wrt = trained.map((name) => all[name]);
    const gradients: Tensor[] = wrt.length > 0 ? grad(loss, wrt) : [];
    return { loss, ...Object.fromEntries(gradients.map((g, i) => [`g${i}`, g])) };
  });
  const found = plan.calls.map((call) => call.name);
  plan.dispose();
  for (const t of [w1, w2]) t.dispose();
  return found;
}

test('frozen parameters cost no kernel, and nothing before the first trained one is computed', async () => {
  const forward = await kernels([]);
  const last = await kernels(['w2']);
  const first = await kernels(['w1']);
  const both = await kernels(['w1', 'w2']);
  const input = await kernels(['x']);
  const products = (names: readonly string[]): number =>
    names.filter((name) => /linear|matmul/.test(name)).length;
  const backward = [last, first, both, input].map((names) => products(names) - products(forward));
  // dW₂ alone; dh and dW₁; dh, dW₁ and dW₂; dh and dx.
  assert.equal(backward, [1, 2, 3, 2], both.join());
  assert.ok(last.length < first.length && first.length < both.length);
});

test('a tensor the loss does not depend on gets zeros where that is asked for; a loss that is no scalar needs a seed', () =>
  device.scope(async () => {
    const [a, b] = [tensor(device, [1, 2], [2]).trainable(), tensor(device, [3, 4], [2]).trainable()];
    const [da, db] = grad(a.mul(5).sum(), [a, b], { allowUnused: true });
    assert.equal([...(await da.read())], [5, 5]);
    assert.equal([...(await db.read())], [0, 0]);
    assert.throws(
      () => grad(a.mul(5), [a]),
      (e: Error) => e instanceof ShapeError && /grad: the loss \[2\] is no scalar/.test(e.message),
    );
    const [seeded] = grad(a.mul(5), [a], { seed: tensor(device, [1, 10], [2]) });
    assert.equal([...(await seeded.read())], [5, 50]);
  }));

test('a tensor used several times gets the sum, an intermediate one its own gradient', () =>
  device.scope(async () => {
    const x = tensor(device, [2, 3], [2]).trainable();
    const y = x.mul(x);
    const loss = y.mul(y).add(x).sum();
    const [dx, dy] = grad(loss, [x, y]);
    // x⁴ + x
    assert.equal([...(await dx.read())], [4 * 8 + 1, 4 * 27 + 1]);
    assert.equal([...(await dy.read())], [2 * 4, 2 * 9]);
  }));

test.run();
