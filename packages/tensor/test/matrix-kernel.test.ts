// The matrix product on subgroup matrices: its numbers where an adapter has them, its text everywhere.
import { createRequire } from 'node:module';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice as openOn } from '../src/core/open-device.ts';
import {
  emptyTensor,
  matmul,
  meetChoices,
  openDevice,
  tensor,
  type AdapterSummary,
  type SubgroupMatrix,
} from '../src/node.ts';
import { buildCall } from '../src/kernel/kernel.ts';
import { wholePiece, type GemmPiece } from '../src/ops/matmul/gemm.ts';
import { describeForm, matrixForms, matrixFormsFor, tileSides } from '../src/ops/matmul/matrix-forms.ts';
import { laneKernel } from '../src/ops/matmul/lane-kernel.ts';
import { matrixKernel } from '../src/ops/matmul/matrix-kernel.ts';
import { probeMatrices } from '../src/ops/matmul/probe-matrices.ts';
import { deviation } from './op-check.ts';
import { assertNear, productChecks, type Part, type Product } from './product-check.ts';

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

const transposes = [
  { transA: false, transB: false },
  { transA: false, transB: true },
  { transA: true, transB: false },
  { transA: true, transB: true },
];

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

testOn('the probe finds nothing wrong, and what is wrong when the sums are', async () => {
  const before = adapter.subgroupMatrices;
  await probeMatrices(device);
  assert.equal([adapter.subgroupMatrices, adapter.subgroupMatrixFaults], [before, []]);
  // One that the adapter does not have: a fragment of another size.
  const wrong: SubgroupMatrix = { component: 'f16', result: 'f32', M: 16, N: 16, K: 16 };
  adapter.subgroupMatrices = [wrong];
  await probeMatrices(device);
  assert.equal(adapter.subgroupMatrices, []);
  assert.is(adapter.subgroupMatrixFaults.length, 1);
  assert.match(adapter.subgroupMatrixFaults[0], /^f16→f32 16×16×16: ./);
  adapter.subgroupMatrices = before;
  adapter.subgroupMatrixFaults.length = 0;
});

// ── without an adapter that has them ──

const half = (size: number, K = size): SubgroupMatrix => ({
  component: 'f16',
  result: 'f32',
  M: size,
  N: size,
  K,
});
const nvidia: AdapterSummary = {
  ...adapter,
  kind: 'gpu',
  f16: true,
  subgroups: { min: 32, max: 32 },
  subgroupMatrices: [half(16), half(16, 8), { ...half(16), result: 'f16' }],
  workgroupBytes: 49_152,
};
const apple: AdapterSummary = {
  ...nvidia,
  subgroupMatrices: [half(8), { ...half(8), component: 'f32' }],
  workgroupBytes: 32_768,
};

test('forms are made of the largest configuration with sums in f32', () => {
  const forms = matrixForms(nvidia);
  assert.ok(forms.length >= 3);
  for (const { config } of forms)
    assert.equal([config.M, config.N, config.K, config.result], [16, 16, 16, 'f32']);
  assert.equal(new Set(matrixForms(apple).map(({ config }) => config.component)), new Set(['f16', 'f32']));
  assert.equal(matrixForms({ ...nvidia, subgroupMatrices: [] }), []);
  assert.equal(matrixForms({ ...nvidia, subgroupMatrices: [{ ...half(16), result: 'f16' }] }), []);
  assert.equal(matrixForms({ ...nvidia, subgroups: { min: 16, max: 32 } }), [], 'no fixed size');
});

test('f32 is rounded only beside f16, and only where that was agreed to', () => {
  device.scope(() => {
    const piece = (aDtype: 'f32' | 'f16', bDtype: 'f32' | 'f16', M = 64): GemmPiece =>
      prepare({ M, N: 64, K: 64, aDtype, bDtype }).piece;
    const suits = (p: GemmPiece, halfProducts: boolean, on = nvidia): boolean =>
      matrixFormsFor(p, { adapter: on, halfProducts }).length > 0;
    assert.equal(
      [
        suits(piece('f16', 'f16'), false),
        suits(piece('f32', 'f16'), false),
        suits(piece('f32', 'f16'), true),
      ],
      [true, false, true],
    );
    assert.equal([suits(piece('f32', 'f32'), true), suits(piece('f32', 'f32'), false, apple)], [false, true]);
    assert.not.ok(suits(piece('f16', 'f16', 8), false), 'few rows leave a tile empty');
    const gathered = { ...piece('f16', 'f16'), gather: { runs: 1, code: '' } };
    assert.not.ok(suits(gathered, false));
  });
});

/** Dawn's null backend: it reads and checks shaders, and computes nothing. */
async function nullGpu(): Promise<GPU> {
  const dawn = (await import(createRequire(import.meta.url).resolve('webgpu'))) as {
    create(flags: string[]): GPU;
  };
  return dawn.create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
}

for (const [name, summary] of [
  ['NVIDIA', nvidia],
  ['Apple', apple],
] as const) {
  test(`${name}'s forms are valid WGSL`, async () => {
    const gpu = await nullGpu();
    const onNull = await openOn({ gpu });
    if (!onNull.gpu.features.has('chromium-experimental-subgroup-matrix')) {
      onNull.close();
      throw new Error("Dawn's null backend no longer has the feature: find another way to check the text");
    }
    const checks = productChecks(onNull);
    for (const form of matrixForms(summary)) {
      const { M, N } = tileSides(form);
      const { component } = form.config;
      for (const { transA, transB } of transposes) {
        const sizes = form.direct
          ? { M, N, K: 2 * form.depth }
          : { M: M + 1, N: N + 4, K: 2 * form.depth + 1 };
        const types = { aDtype: component, bDtype: component } as const;
        const { gemm } = checks.prepare({
          ...sizes,
          transA,
          transB,
          parts: ['bias', 'activation'],
          ...types,
        });
        const out = emptyTensor(onNull, gemm.out.shape, { persistent: true });
        const piece = wholePiece({ ...gemm, out }, 0, 1);
        const call = buildCall('matmul', matrixKernel(piece, form), onNull.kernelLimits)!;
        const info = await onNull.gpu.createShaderModule({ code: call.code }).getCompilationInfo();
        const errors = info.messages.filter(({ type }) => type === 'error');
        assert.is(errors[0]?.message, undefined, `${describeForm(form)}\n${call.code}`);
        out.dispose();
      }
    }
    onNull.takeErrors();
    onNull.close();
  });
}

test.run();
