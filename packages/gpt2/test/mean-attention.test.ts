// Attention weights read from a model, against what its attention makes of them.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { attention, openDevice, tensor, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { Gpt2, meanAttention, parseGpt2Config } from '../src/index.ts';

const test = suite('mean attention', { timeLimitSeconds: 120 });
const [T, C] = [5, 12];
let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

const modelOf = (layers: number, heads: number): Gpt2 =>
  Gpt2.random(
    device,
    // Wide initial weights, so that attention is far from even.
    parseGpt2Config({
      vocab_size: 7,
      n_positions: 8,
      n_embd: C,
      n_layer: layers,
      n_head: heads,
      initializer_range: 0.7,
    }),
    3,
  );
const values = Float32Array.from({ length: T * C }, (_, i) => Math.sin(i * i));

test('with one layer and one head, the weights times the values are what attention gives', async () => {
  const model = modelOf(1, 1);
  await device.scope(async () => {
    const embeddings = tensor(device, values, [1, T, C]);
    const weights = await meanAttention(model, embeddings);
    let qkv: ArrayLike<number> = [];
    let mixed: ArrayLike<number> = [];
    const reads: Promise<void>[] = [];
    model.blocks(model.addPositions(embeddings), (packed) => {
      const out = attention([packed], { heads: 1, causal: true });
      reads.push(packed.read().then((read) => void (qkv = read)));
      reads.push(out.read().then((read) => void (mixed = read)));
      return out;
    });
    await Promise.all(reads);
    for (let t = 0; t < T; t++) {
      for (let c = 0; c < C; c++) {
        let sum = 0;
        for (let s = 0; s < T; s++) sum += weights[t * T + s] * qkv[s * 3 * C + 2 * C + c];
        assert.ok(Math.abs(sum - mixed[t * C + c]) < 1e-5, `row ${t}, channel ${c}`);
      }
    }
  });
  model.dispose();
});

test('rows sum to 1 and look back only; heads differ', async () => {
  const model = modelOf(2, 3);
  const weights = await device.scope(() => meanAttention(model, tensor(device, values, [1, T, C])));
  for (let t = 0; t < T; t++) {
    const row = weights.slice(t * T, (t + 1) * T);
    assert.ok(Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 1e-12);
    assert.ok(row.every((weight, s) => (s > t ? weight === 0 : weight > 0)));
  }
  assert.ok(Math.abs(weights[T] - 0.5) > 0.01, 'attention is not even');
  model.dispose();
});

test('more than one sequence is refused', () =>
  device.scope(async () => {
    const model = modelOf(1, 1);
    const error = (await meanAttention(model, tensor(device, values, [T, 1, C])).catch(
      (e: unknown) => e,
    )) as Error;
    assert.match(error.message, /embeddings \[5, 1, 12\] are no \[1, T, 12\]/);
    model.dispose();
  }));

test.run();
