// A matrix stored the other way round gives the same product, bit for bit: its kernel adds in the same order.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice } from '../src/node.ts';
import { cast, compile, matmul, tensor, transpose } from '../src/index.ts';
import { uniform } from './op-check.ts';

const device = await openDevice();
const test = suite('matmul');

test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const next = uniform(3);
const values = (length: number): Float32Array => Float32Array.from({ length }, () => 2 * next() - 1);

const sizes: [what: string, M: number, N: number, K: number][] = [
  ['whole rows and units', 24, 64, 40],
  ['an incomplete band of rows, and of columns', 19, 44, 12],
  ['a depth that is no multiple of four', 16, 36, 7],
  ['a depth of one', 17, 4, 1],
];

for (const dtype of ['f32', 'f16'] as const) {
  for (const [what, M, N, K] of sizes) {
    test(`${dtype}: ${what}`, async () => {
      if (dtype === 'f16' && !device.adapter.f16) return console.log('  skipped: this adapter has no f16');
      const [stored, turned] = device.scope(() => {
        const a = cast(tensor(device, values(M * K), [M, K]), dtype);
        const b = cast(tensor(device, values(N * K), [N, K]), dtype);
        return [matmul(a, b, { transB: true }), matmul(a, transpose(b, [1, 0]))];
      });
      assert.equal(await stored.read(), await turned.read());
      stored.dispose();
      turned.dispose();
    });
  }
}

test('one kernel, whichever way B is stored, and no memory beside the result', async () => {
  const inputs = { a: { shape: [32, 48] }, b: { shape: [64, 48] } };
  const plan = await compile(device, inputs, ({ a, b }) => ({ y: matmul(a, b, { transB: true }) }));
  assert.is(plan.dispatches, 1);
  assert.is(plan.arenaBytes, 4 * 32 * 64);
  plan.dispose();
});

test.run();
