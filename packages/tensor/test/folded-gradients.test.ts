// Ops that add to a gradient already there (OpDefinition.folds): a tensor used twice gets the sum of both.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice } from '../src/node.ts';
import { embedding, grad, slice, tensor, type Tensor } from '../src/index.ts';

const device = await openDevice();
const test = suite('folded gradients');

test.after(() => {
  const errors = device.takeErrors();
  device.close();
  assert.is(errors.length, 0, errors[0]?.message);
});

const numbered = (shape: number[], scale: number): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(
    device,
    Float32Array.from({ length: size }, (_, i) => scale * (i + 1)),
    shape,
  );
};

/** d/dx of Σ whole·x + Σ part·use(x), with the fold made first and made last. */
async function gradients(
  x: Tensor,
  use: (x: Tensor) => Tensor,
  part: Tensor,
  whole: Tensor,
): Promise<number[][]> {
  const both = [use(x).mul(part).sum(), x.mul(whole).sum()];
  const swapped = [x.mul(whole).sum(), use(x).mul(part).sum()];
  const results = [both, swapped].map(([a, b]) => grad(a.add(b), [x])[0]);
  return await Promise.all(results.map(async (g) => [...(await g.read())]));
}

test('embedding: a table that is also used whole (tied weights)', () =>
  device.scope(async () => {
    const table = numbered([4, 2], 1).trainable();
    const ids = tensor(device, [3, 0, 3], [3], { dtype: 'u32' });
    const wanted = [100 + 3, 200 + 4, 300, 400, 500, 600, 700 + 1 + 5, 800 + 2 + 6];
    for (const g of await gradients(
      table,
      (x) => embedding(x, ids),
      numbered([3, 2], 1),
      numbered([4, 2], 100),
    )) {
      assert.equal(g, wanted);
    }
  }));

test('slice: a tensor that is also used whole', () =>
  device.scope(async () => {
    const x = numbered([2, 3], 1).trainable();
    const wanted = [100, 200 + 1, 300 + 2, 400, 500 + 3, 600 + 4];
    for (const g of await gradients(
      x,
      (t) => slice(t, { axis: 1, start: 1 }),
      numbered([2, 2], 1),
      numbered([2, 3], 100),
    )) {
      assert.equal(g, wanted);
    }
  }));

test.run();
