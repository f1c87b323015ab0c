// The kernel for products with few rows, which only GPUs take by themselves: here it is called for each form.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice } from '../src/node.ts';
import { sliceForms, sliceKernel, suitsSlices } from '../src/ops/product/slice-kernel.ts';
import { assertNear, productChecks, type Product } from './product-check.ts';

const device = await openDevice();
const test = suite('slice kernel');

test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const { prepare } = productChecks(device);

const check = async (product: Product): Promise<void> => {
  for (const form of sliceForms) {
    await device.scope(async () => {
      const { piece, expected } = prepare(product);
      assert.ok(suitsSlices(piece));
      device.run('matmul', sliceKernel(piece, form));
      await assertNear(form.name, piece.out, expected);
    });
  }
};

const cases: [what: string, product: Product][] = [
  ['one row', { M: 1, N: 96, K: 160 }],
  ['one row, B stored [N, K]', { M: 1, N: 37, K: 160, transB: true }],
  ['an odd depth', { M: 2, N: 36, K: 131 }],
  ['an odd depth, B stored [N, K]', { M: 2, N: 5, K: 131, transB: true }],
  ['odd columns, and what may follow', { M: 3, N: 45, K: 128, parts: ['bias', 'activation', 'residual'] }],
  ['eight rows, columns by fours, and a bias', { M: 8, N: 20, K: 140, parts: ['bias', 'scale'] }],
  ['items of a batch', { M: 2, N: 12, K: 128, batch: 3 }],
  ['items of a batch, B stored [N, K]', { M: 2, N: 9, K: 132, batch: 3, transB: true }],
];
for (const [what, product] of cases) test(what, () => check(product));

for (const transB of [false, true]) {
  test(`f16${transB ? ', B stored [N, K]' : ''}`, async () => {
    if (!device.adapter.f16) return console.log('  skipped: this adapter has no f16');
    await check({ M: 2, N: 24, K: 136, transB, dtype: 'f16' });
  });
}

test('many rows, a short depth and a stored transpose are left to others', () => {
  device.scope(() => {
    const suits = (M: number, K: number, transA = false): boolean =>
      suitsSlices(prepare({ M, N: 4, K, transA }).piece);
    assert.equal(
      [suits(8, 128), suits(9, 128), suits(8, 127), suits(8, 128, true)],
      [true, false, false, false],
    );
  });
});

test.run();
