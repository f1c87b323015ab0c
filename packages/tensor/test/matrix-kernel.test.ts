// The matrix product on subgroup matrices: its numbers, where an adapter has them.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { matmul, meetChoices, openDevice, tensor } from '../src/node.ts';
import type { GemmPiece } from '../src/ops/product/gemm-piece.ts';
import { wholePiece } from '../src/ops/product/gemm.ts';
import { laneKernel } from '../src/ops/product/lane-kernel.ts';
import { describeForm, matrixForms, tileSides } from '../src/ops/product/matrix-forms.ts';
import { matrixKernel } from '../src/ops/product/matrix-kernel.ts';
import { deviation } from './op-check.ts';
import { assertNear, productChecks, transposes, type Part, type Product } from './product-check.ts';

const test = suite('matrix kernel', { timeLimitSeconds: 120 });
const device = await openDevice();
const { adapter } = device;
const { kind } = adapter;
const { prepare } = productChecks(device);
const halves = { aDtype: 'f16', bDtype: 'f16' } as const;

test.after.each(() => void (adapter.kind = kind));
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

/** Runs only where the adapter has subgroup matrices: GPUs, and Mesa's lavapipe of 2026. */
const testOn = (name: string, body: () => Promise<void>): void =>
  test(name, async () => {
    if (matrixForms(adapter).length > 0) return await body();
    console.log('  skipped: this adapter has no subgroup matrices');
  });

async function check(what: string, product: Product, form = matrixForms(adapter)[0]): Promise<void> {
  await device.scope(async () => {
    const { piece, expected, expectedPre } = prepare(product);
    device.run('matmul', matrixKernel(piece, form));
    await assertNear(`${describeForm(form)}: ${what}`, piece.out, expected);
    if (piece.pre) await assertNear(`${what}: before the activation`, piece.pre, expectedPre);
  });
}

for (const { transA, transB } of transposes) {
  testOn(`${transA ? 'T' : 'N'}${transB ? 'T' : 'N'}: every form`, async () => {
    for (const form of matrixForms(adapter)) {
      const { M, N } = tileSides(form);
      const fitting = { M: 2 * M, N: 2 * N, K: 2 * form.depth };
      const odd = { M: M + 5, N: N + 3, K: form.depth + 7 };
      await check('product', { ...(form.direct ? fitting : odd), transA, transB, ...halves }, form);
    }
  });
}

testOn('factors of f32 are rounded, one or both', async () => {
  const sizes = { M: 37, N: 44, K: 36, rounded: true };
  await check('a', { ...sizes, aDtype: 'f32', bDtype: 'f16' });
  await check('b, scalar', { ...sizes, K: 35, N: 43, aDtype: 'f16', bDtype: 'f32', transB: true });
});

testOn('gradients too small for f16 are rounded to three digits like others', async () => {
  await device.scope(async () => {
    const { gemm } = prepare({ M: 40, N: 36, K: 40, aDtype: 'f32', bDtype: 'f16' });
    const small = tensor(
      device,
      (await gemm.a.read()).map((v) => v * 2 ** -20),
      gemm.a.shape,
    );
    const piece = wholePiece({ ...gemm, a: small }, 0, 1);
    const run = async (gradientA: boolean): Promise<number> => {
      device.run('matmul', laneKernel(piece, adapter));
      const expected = await gemm.out.read();
      device.run('matmul', matrixKernel({ ...piece, gradientA }, matrixForms(adapter)[0]));
      return deviation(
        (await gemm.out.read()).map((v) => v * 2 ** 20),
        expected.map((v) => v * 2 ** 20),
      ).worst;
    };
    assert.ok((await run(true)) < 1e-3);
    assert.ok((await run(false)) > 1e-3, 'as they are they lose more');
  });
});

testOn('everything that may follow the sums', async () => {
  const parts: Part[] = ['scale', 'accumulate', 'bias', 'pre', 'activation', 'residual'];
  await check('vec4', { M: 40, N: 36, K: 40, transB: true, parts, ...halves });
  await check('scalar', { M: 39, N: 35, K: 38, transB: true, parts, ...halves });
  await check('slope', { M: 70, N: 36, K: 40, parts: ['slope'], ...halves });
  await check('f16 out', { M: 33, N: 36, K: 32, parts: ['bias'], dtype: 'f16' });
});

testOn('batches', async () => {
  await check('vec4', { M: 36, N: 40, K: 40, batch: 3, transB: true, ...halves });
  await check('scalar', { M: 35, N: 41, K: 34, batch: 3, transA: true, ...halves });
});

testOn('windows: columns of C from a piece of K', async () => {
  await device.scope(async () => {
    const [M, N, K, left, from] = [40, 48, 96, 16, 64];
    const { gemm } = prepare({ M, N, K, transB: true, ...halves });
    const [a, b] = [await gemm.a.read(), await gemm.b.read()];
    const before = await gemm.out.read();
    const piece: GemmPiece = {
      ...wholePiece(gemm, 0, 1),
      N: N - left,
      K: K - from,
      column: left,
      aOffset: from,
      bWindow: [left * K + from, (N - left) * K - from],
      accumulate: true,
    };
    device.run('matmul', matrixKernel(piece, matrixForms(adapter)[0]));
    const expected = Float64Array.from(before);
    for (let m = 0; m < M; m++) {
      for (let n = left; n < N; n++)
        for (let k = from; k < K; k++) expected[m * N + n] += a[m * K + k] * b[n * K + k];
    }
    await assertNear('corner', gemm.out, expected);
  });
});

testOn('a GPU takes them for products of f16, software adapters do not', async () => {
  await device.scope(async () => {
    const { gemm } = prepare({ M: 48, N: 64, K: 40, ...halves });
    const [a, b] = [gemm.a.reshape([48, 40]), gemm.b.reshape([40, 64])];
    const expected = await matmul(a, b).read();
    for (const kind of ['gpu', 'software'] as const) {
      adapter.kind = kind;
      const [met] = await meetChoices(device, async () => {
        const { worst } = deviation(await matmul(a, b).read(), expected);
        assert.ok(worst < 2e-3, `${kind}: off by ${worst}`);
      });
      assert.is(met.variants[0].startsWith('matrices'), kind === 'gpu', met.variants[0]);
      assert.is(
        met.variants.some((name) => name.startsWith('matrices')),
        kind === 'gpu',
      );
    }
  });
});

test.run();
