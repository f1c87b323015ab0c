// The tiled matrix product of GPUs, launched directly, so that software adapters run it too.
//
// Legend: C [M, N] = op(A) [M, K] · op(B) [K, N].
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice } from '../src/node.ts';
import { emptyTensor, ShapeError, transpose } from '../src/index.ts';
import type { KernelSpec } from '../src/kernel/kernel.ts';
import type { GemmPiece } from '../src/ops/product/gemm-piece.ts';
import { wholePiece } from '../src/ops/product/gemm.ts';
import { laneKernel } from '../src/ops/product/lane-kernel.ts';
import { splitSumKernel } from '../src/ops/product/split-sum.ts';
import { defaultTileForm, tileForms, tileKernel, type TileForm } from '../src/ops/product/tile-kernel.ts';
import { assertNear, productChecks, transposes, type Part, type Product } from './product-check.ts';

const device = await openDevice();
const test = suite('tile kernel', { timeLimitSeconds: 120 });

test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const { given, prepare } = productChecks(device);
const [small] = tileForms;
const largest = tileForms.at(-1)!;

const run = (spec: KernelSpec): void => device.run('matmul', spec);

/** Runs `product` in tiles of `form` and checks all that it writes. */
const check = (what: string, product: Product, form: TileForm): Promise<void> =>
  device.scope(async () => {
    const { piece, expected, expectedPre } = prepare(product);
    run(tileKernel(piece, form));
    await assertNear(what, piece.out, expected);
    if (piece.pre) await assertNear(`${what}: before the activation`, piece.pre, expectedPre);
  });

const show = (f: TileForm): string =>
  `${f.rows} × ${f.columns} × ${f.depth} by ${f.perRows} × ${f.perColumns}`;

// Several tiles of every form each way, and incomplete ones: in whole vec4s, in none, and only in those of rows along K.
const sizes = [
  { M: 140, N: 132, K: 36 },
  { M: 139, N: 131, K: 37 },
  { M: 140, N: 131, K: 36 },
];

test('forms keep within the default limits of WebGPU and what the kernel divides by', () => {
  for (const form of tileForms) {
    const { rows, columns, depth, perRows, perColumns } = form;
    const invocations = (rows / perRows) * (columns / perColumns);
    assert.ok(invocations <= 256, `${show(form)}: ${invocations} invocations`);
    assert.ok((rows + columns) * depth * 4 <= 16384, `${show(form)}: workgroup memory`);
    assert.ok([4, 8, 16, 32].includes(depth), `${show(form)}: depth`);
    for (const per of [perRows, perColumns]) assert.is(per % 4, 0, `${show(form)}: blocks of 4 × 4`);
    for (const side of [rows / perRows, columns / perColumns]) assert.is(side % 8, 0, `${show(form)}: sides`);
    for (const extent of [rows, columns]) assert.is((extent * depth) % (4 * invocations), 0, show(form));
  }
});

test('small products get small tiles, large ones the largest', () => {
  const piece = (M: number, N: number): GemmPiece => ({ ...prepare({ M: 1, N: 1, K: 1 }).piece, M, N });
  assert.is(defaultTileForm(piece(16, 16)), small);
  assert.is(defaultTileForm(piece(4096, 4096)), largest);
  assert.is(defaultTileForm({ ...piece(64, 64), batch: 96 }), small);
  assert.is(defaultTileForm(piece(20, 50257)), small, 'few rows would leave most of a large tile empty');
  const { rows, columns } = defaultTileForm(piece(1024, 1024));
  assert.equal([rows, columns], [64, 64]);
});

for (const [t, { transA, transB }] of transposes.entries()) {
  // They compile slowly: the smallest and the largest run all four ways, the others two in which A and B lie both ways.
  const forms = tileForms.filter(
    (f, i) => f === small || f === largest || (transA === transB) === (i % 2 === 0),
  );
  test(`${transA ? 'T' : 'N'}${transB ? 'T' : 'N'}: every form gives the product, and the same bits`, async () => {
    for (const [i, form] of forms.entries()) {
      const size = sizes[(i + t) % sizes.length];
      await device.scope(async () => {
        const { gemm, piece, expected } = prepare({ ...size, transA, transB });
        run(tileKernel(piece, form));
        await assertNear(show(form), piece.out, expected);
        // The lane kernel adds in the order of k too, unless both lie along K.
        const turned = transB ? transpose(gemm.b, [0, 2, 1]) : gemm.b;
        const lanes = emptyTensor(device, piece.out.shape);
        const inLanes = wholePiece({ ...gemm, b: turned, transB: false, out: lanes }, 0, 1);
        run(laneKernel(inLanes, device.adapter));
        assert.equal(await piece.out.read(), await lanes.read(), `${show(form)}: bits`);
      });
    }
  });
}

test('f16 storage', async () => {
  if (!device.adapter.f16) return console.log('  skipped: this adapter has no f16');
  const parts: Part[] = ['bias', 'activation'];
  await check('vec4', { M: 40, N: 72, K: 20, dtype: 'f16', parts }, small);
  await check('scalar', { M: 33, N: 71, K: 19, dtype: 'f16', transB: true, parts }, small);
  await check('large tiles', { M: 70, N: 132, K: 20, dtype: 'f16', transA: true }, tileForms[1]);
});

test('everything that may follow the sums', async () => {
  const parts: Part[] = ['scale', 'accumulate', 'bias', 'pre', 'activation', 'residual'];
  await check('vec4', { M: 40, N: 36, K: 20, transB: true, parts }, small);
  await check('scalar', { M: 39, N: 35, K: 18, transB: true, parts }, small);
  await check('slope', { M: 70, N: 132, K: 20, parts: ['slope'] }, tileForms[1]);
});

test('batches', async () => {
  await check('vec4', { M: 36, N: 40, K: 20, batch: 3, transB: true }, small);
  await check('scalar', { M: 35, N: 41, K: 18, batch: 3, transA: true, parts: ['scale'] }, small);
});

test('more rows of tiles than a band holds', () => check('bands', { M: 32 * 11, N: 68, K: 4 }, small));

test('windows: a corner of C from two pieces of K', () =>
  device.scope(async () => {
    const [M, N, K] = [40, 48, 128];
    const [top, left] = [8, 16];
    const { gemm, expected } = prepare({ M, N, K, transB: true, parts: ['bias'] });
    const [a, b, before] = [await gemm.a.read(), await gemm.b.read(), await gemm.out.read()];
    const corner = { ...wholePiece(gemm, 0, 1), M: M - top, N: N - left, column: left };
    const aWindow: [number, number] = [top * K, (M - top) * K];
    const cWindow: [number, number] = [top * N, (M - top) * N];
    const from = (k: number, depth: number, isLast: boolean): GemmPiece => ({
      ...corner,
      K: depth,
      aWindow,
      cWindow,
      aOffset: k,
      accumulate: isLast,
      finish: isLast,
      bWindow: [left * K + k, (N - left) * K - k],
    });
    // The first ends in the middle of a vec4, whose other half belongs to no piece here; the last is shared out.
    run(tileKernel(from(0, 62, false), small));
    const last = from(64, 64, true);
    const split = { count: 2, partials: emptyTensor(device, [2, M - top, N - left]) };
    run(tileKernel(last, small, split));
    run(splitSumKernel(last, split));
    for (let at = 0; at < expected.length; at++) {
      const [m, n] = [Math.floor(at / N), at % N];
      for (const k of [62, 63]) expected[at] -= a[m * K + k] * b[n * K + k];
      if (m < top || n < left) expected[at] = before[at];
    }
    await assertNear('corner', gemm.out, expected);
  }));

for (const [what, channels] of [
  ['vec4', 8],
  ['scalar', 3],
] as const) {
  test(`gathered rows, ${what}`, () =>
    device.scope(async () => {
      const [length, runs, N] = [37, 3, 20];
      const { gemm } = prepare({ M: length, N, K: runs * channels });
      const x = given([length, channels]);
      const b = given([runs * channels, N]);
      // Row m is the rows m − 1, m and m + 1 of x, with zeros around it.
      const code = `fn runAt(m: u32, run: u32) -> u32 {
        if (m + run < 1u || m + run > ${length}u) { return ZEROS; }
        return (m + run - 1u) * ${channels}u;
      }`;
      const whole = wholePiece({ ...gemm, a: x.on, b: b.on, gather: { runs, code } }, 0, 1);
      run(tileKernel({ ...whole, aWindow: [0, length * channels] }, small));
      const expected = Float64Array.from({ length: length * N }, (_, at) => {
        let v = 0;
        for (let k = 0; k < runs * channels; k++) {
          const row = Math.floor(at / N) + Math.floor(k / channels) - 1;
          if (row >= 0 && row < length)
            v += x.values[row * channels + (k % channels)] * b.values[k * N + (at % N)];
        }
        return v;
      });
      await assertNear('gathered', gemm.out, expected);
    }));
}

const splits: [what: string, product: Product, form: TileForm, count: number][] = [
  ['vec4', { M: 40, N: 36, K: 100, transA: true, parts: ['bias', 'activation', 'accumulate'] }, small, 3],
  ['scalar', { M: 39, N: 35, K: 101, parts: ['scale', 'residual'] }, small, 4],
  ['shares without k', { M: 39, N: 35, K: 5, parts: ['bias'] }, small, 3],
  ['large tiles', { M: 132, N: 140, K: 44, transB: true }, largest, 2],
];
for (const [what, product, form, count] of splits) {
  test(`K shared out: ${what}`, () =>
    device.scope(async () => {
      const { piece, expected } = prepare(product);
      const split = { count, partials: emptyTensor(device, [count, product.M, product.N]) };
      run(tileKernel(piece, form, split));
      run(splitSumKernel(piece, split));
      await assertNear(what, piece.out, expected);
    }));
}

test('a batched product is not shared out', () =>
  device.scope(() => {
    const { piece } = prepare({ M: 32, N: 32, K: 32, batch: 2 });
    const split = { count: 2, partials: emptyTensor(device, [2, 32, 32]) };
    assert.throws(
      () => tileKernel(piece, small, split),
      (e: Error) => e instanceof ShapeError && /batched/.test(e.message),
    );
  }));

test.run();
