// Decoding with a cache: rows written at a position the GPU knows, attention over as many keys as are there.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice } from '../src/node.ts';
import { attention, compile, concat, slice, tensor, writeRows, type Tensor } from '../src/index.ts';
import { deviation, uniform } from './op-check.ts';

const device = await openDevice();
const test = suite('key-value cache');

test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

// B batch, T time, C channels, Tmax rows of the cache.
const [B, T, C, Tmax] = [2, 9, 24, 13];
const heads = 3;
const draw = uniform(3);
const packed = Float32Array.from({ length: B * T * 3 * C }, () => 2 * draw() - 1);
const count = (n: number): Tensor => tensor(device, [n], [1], { dtype: 'u32' });
const rows = (from: number, to: number): Float32Array =>
  Float32Array.from(
    Array.from({ length: B }, (_, b) => [
      ...packed.subarray((b * T + from) * 3 * C, (b * T + to) * 3 * C),
    ]).flat(),
  );

async function near(actual: Tensor, expected: Tensor): Promise<void> {
  assert.equal([...actual.shape], [...expected.shape]);
  const { worst, at } = deviation(await actual.read(), await expected.read());
  assert.ok(worst < 1e-5, `off by ${worst} at ${at}`);
}

test('attention with keyCount equals attention over the sliced keys', () =>
  device.scope(async () => {
    const qkv = tensor(device, packed, [B, T, 3 * C]);
    const part = (k: number): Tensor => slice(qkv, { axis: 2, start: k * C, end: (k + 1) * C });
    const q = slice(part(0), { axis: 1, start: 5, end: 7 });
    const keysAndValues = concat([part(1), part(2)], { axis: 2 });
    for (const [keys, causal] of [
      [2, true],
      [7, true],
      [40, true],
      [7, false],
    ] as const) {
      const seen = (k: number): Tensor => slice(part(k), { axis: 1, end: Math.min(keys, T) });
      const wanted = attention([q, seen(1), seen(2)], { heads, causal });
      const keyCount = count(keys);
      await near(attention([q, part(1), part(2)], { heads, causal, keyCount }), wanted);
      if (causal) await near(attention([q, keysAndValues], { heads, causal, keyCount }), wanted);
    }
  }));

test('token by token equals all at once, with one plan for all positions', () =>
  device.scope(async () => {
    const whole = attention([tensor(device, packed, [B, T, 3 * C])], { heads, causal: true });
    const [k, v] = [0, 1].map(() =>
      tensor(device, new Float32Array(B * Tmax * C), [B, Tmax, C], { persistent: true }),
    );
    const decode = (length: number) =>
      compile(
        device,
        {
          qkv: { shape: [B, length, 3 * C] },
          position: { shape: [1], dtype: 'u32' },
          keyCount: { shape: [1], dtype: 'u32' },
        },
        ({ qkv, position, keyCount }) => {
          writeRows(k, qkv, position, { column: C });
          writeRows(v, qkv, position, { column: 2 * C });
          return { y: attention([slice(qkv, { axis: 2, end: C }), k, v], { heads, causal: true, keyCount }) };
        },
      );
    const prompt = await decode(4);
    const next = await decode(1);
    await near(
      prompt.run({ qkv: rows(0, 4), position: [0], keyCount: [4] }).y,
      slice(whole, { axis: 1, end: 4 }),
    );
    for (let t = 4; t < T; t++) {
      const { y } = next.run({ qkv: rows(t, t + 1), position: [t], keyCount: [t + 1] });
      await near(y, slice(whole, { axis: 1, start: t, end: t + 1 }));
    }
    for (const owned of [prompt, next, k, v]) owned.dispose();
  }));

test('gradients through a cache are refused', () => {
  device.scope(() => {
    const cache = tensor(device, new Float32Array(4), [1, 4, 1]);
    const x = tensor(device, [1], [1, 1, 1]).trainable();
    assert.throws(() => writeRows(cache, x, count(0)), /writeRows: gradients do not pass .* noGrad/);
    assert.throws(
      () => attention([x, cache, cache], { heads: 1, keyCount: count(1) }),
      /attention: with keyCount .* noGrad/,
    );
    assert.throws(() => writeRows(cache, x.detach(), tensor(device, [0], [1])), /writeRows: position is f32/);
    assert.throws(
      () => writeRows(cache, x.detach(), count(0), { column: 1 }),
      /writeRows: x has no columns 1 to 2/,
    );
    assert.throws(() => attention([cache], { heads: 1, keyCount: count(1) }), /attention: inputs/);
  });
});

test.run();
