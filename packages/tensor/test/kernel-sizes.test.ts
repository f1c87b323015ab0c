// Sizes of a kernel: constants in its text on GPUs, read from a uniform buffer on software adapters.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice } from '../src/node.ts';
import { layerNorm, matmul, tensor, type Tensor } from '../src/index.ts';
import { buildCall, type KernelCall, type KernelLimits } from '../src/kernel/kernel.ts';

const device = await openDevice();
const test = suite('kernel sizes');

test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

/** Doubles the first `count` elements. */
function call(x: Tensor, out: Tensor, count: number, limits: Partial<KernelLimits>): KernelCall {
  const spec = {
    read: { x },
    write: { out },
    sizes: { FACTOR: 2, COUNT: count },
    threads: count,
    code: `fn thread(i: u32) { for (var n = 0u; n < COUNT; n++) { if (n == i) { out[i] = x[i] * f32(FACTOR); } } }`,
  };
  return buildCall('double', spec, { ...device.kernelLimits, ...limits })!;
}

test('constants and a buffer give the same values, and only constants change the text', async () => {
  const x = tensor(device, [1, 2, 3, 4, 5, 6], [6], { persistent: true });
  for (const hidesLoopCounts of [false, true]) {
    const texts = new Set<string>();
    for (const count of [2, 5]) {
      const out = tensor(device, [0, 0, 0, 0, 0, 0], [6], { persistent: true });
      const made = call(x, out, count, { hidesLoopCounts });
      assert.is(made.layout, hidesLoopCounts ? 'rwu' : 'rw');
      // The last is the number of invocations, which bounds them.
      assert.equal(made.sizes, hidesLoopCounts ? [2, count, count] : []);
      texts.add(made.code);
      device.encode(made);
      assert.equal(
        [...(await out.read())],
        [1, 2, 3, 4, 5, 6].map((v, i) => (i < count ? 2 * v : 0)),
      );
      out.dispose();
    }
    assert.is(texts.size, hidesLoopCounts ? 1 : 2);
  }
  x.dispose();
});

test('on a software adapter one pipeline serves products and rows of many sizes', () => {
  if (device.adapter.kind !== 'software') return console.log('  skipped: this adapter is a GPU');
  const run = (M: number, N: number, K: number): void =>
    device.scope(() => {
      const of = (...shape: number[]): Tensor =>
        tensor(device, new Float32Array(shape.reduce((a, b) => a * b)), shape);
      layerNorm(matmul(of(M, K), of(K, N)), of(N), of(N));
    });
  // Fewer than 65 rows, or 64 columns, are cut to fit, so they have kernels of their own.
  run(96, 96, 16);
  const { pipelines } = device.stats;
  run(80, 64, 12);
  run(67, 132, 20);
  assert.is(device.stats.pipelines, pipelines);
});

test.run();
