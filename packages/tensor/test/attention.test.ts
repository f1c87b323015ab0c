// Attention with masks and shared heads against figures of PyTorch 1.13 in float64, and arguments it refuses.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  attention,
  compile,
  grad,
  openDevice,
  scaledDotProductAttention,
  ShapeError,
  tensor,
  TensorError,
  type Shape,
  type Tensor,
} from '../src/node.ts';
import { refusesOn } from './refuses.ts';

const device = await openDevice();
const test = suite('attention');
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);
/** sin(f·i): the same numbers in the script that made the figures. */
const wave = (f: number, ...shape: number[]): Tensor =>
  tensor(
    device,
    Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(f * i)),
    shape,
  ).trainable();
const cosines = (...shape: number[]): Tensor =>
  tensor(
    device,
    Array.from({ length: sizeOf(shape) }, (_, i) => Math.cos(i)),
    shape,
  );

async function near(t: Tensor, wanted: readonly number[], what = ''): Promise<void> {
  const got = await t.read();
  assert.is(got.length, wanted.length);
  wanted.forEach((x, i) => assert.ok(Math.abs(got[i] - x) < 4e-6, `${what} ${i}: ${got[i]}, not ${x}`));
}

const refuses = refusesOn(device);

// softmax(q·kᵀ/√2 + mask)·v in torch, k and v repeated for two heads each (repeat_interleave), and autograd.
const out = [
  -0.080348, 0.89549, 0.284885, 0.050975, -0.209561, 0.786024, 0.182322, 0.379518, 0.931669, 0.396297,
  -0.386484, -0.50074, 0.830293, 0.513325, 0.591423, 0.078112,
];
const gradients = {
  q: [
    0.033316, 0.132571, 0.241796, -0.088378, -0.020675, -0.082267, -0.118053, 0.043149, -0.044909, 0.017978,
    0.310087, 0.188668, 0.020361, -0.008151, 0.109662, 0.066722,
  ],
  k: [
    -0.365982, -0.268531, 0.350331, 0.333421, 0.015651, -0.06489, -0.14301, -0.138876, 0.104399, 0.13403,
    0.038611, 0.004846,
  ],
  v: [
    0.844867, 0.751915, 0.109615, -0.280467, -0.064101, 0.116426, 0.373195, -0.751586, -0.605829, -0.165987,
    0.228654, 0.158628,
  ],
  mask: [0.069699, 0, -0.069699, -0.558657, 0.558657, 0],
};
const maskValues = [0.5, -Infinity, -1, 0.25, 0, -Infinity];

test('an added mask with −∞ and shared heads: values and all four gradients are those of PyTorch', () =>
  device.scope(async () => {
    const [q, k, v] = [wave(0.7, 1, 4, 2, 2), wave(0.9, 1, 2, 3, 2), wave(1.3, 1, 2, 3, 2)];
    const mask = tensor(device, maskValues, [2, 3]).trainable();
    const y = scaledDotProductAttention(q, k, v, { mask, enableGqa: true });
    await near(y, out, 'out');
    const [dq, dk, dv, dmask] = grad(y, [q, k, v, mask], { seed: cosines(1, 4, 2, 2) });
    await near(dq, gradients.q, 'q');
    await near(dk, gradients.k, 'k');
    await near(dv, gradients.v, 'v');
    await near(dmask, gradients.mask, 'mask');
  }));

test('[B, T, C] gives the same, and so do a plan and a mask alone that is trained', () =>
  device.scope(async () => {
    const rows = (t: Tensor): Tensor => {
      const [B, H, T, D] = t.shape;
      return t.transpose([0, 2, 1, 3]).reshape([B, T, H * D]);
    };
    const [q, k, v] = [wave(0.7, 1, 4, 2, 2), wave(0.9, 1, 2, 3, 2), wave(1.3, 1, 2, 3, 2)].map((t) =>
      t.detach().keep(),
    );
    const plan = await compile(device, { mask: { shape: [1, 1, 2, 3] } }, ({ mask }) => {
      mask.trainable();
      const y = attention([rows(q), rows(k), rows(v)], { heads: 4, keyValueHeads: 2, mask });
      const heads = y.reshape([1, 2, 4, 2]).transpose([0, 2, 1, 3]);
      return { heads, dmask: grad(heads, [mask], { seed: cosines(1, 4, 2, 2) })[0] };
    });
    for (let round = 0; round < 2; round++) {
      const { heads, dmask } = plan.run({ mask: maskValues });
      await near(heads, out, 'out');
      await near(dmask, gradients.mask, 'mask');
    }
    plan.dispose();
    for (const t of [q, k, v]) t.dispose();
  }));

test('a mask of whole numbers hides keys; a row that sees none gives zeros and no gradient', () =>
  device.scope(async () => {
    const [q, k, v] = [wave(0.7, 1, 2, 4), wave(0.9, 1, 3, 4), wave(1.3, 1, 3, 4)];
    const added = tensor(device, [0, -Infinity, 0, -Infinity, -Infinity, -Infinity], [2, 3]);
    const wanted = scaledDotProductAttention(q, k, v, { mask: added });
    for (const dtype of ['u32', 'i32'] as const) {
      const mask = tensor(device, dtype === 'u32' ? [1, 0, 7, 0, 0, 0] : [1, 0, -1, 0, 0, 0], [2, 3], {
        dtype,
      });
      const y = scaledDotProductAttention(q, k, v, { mask });
      assert.equal([...(await y.read())], [...(await wanted.read())]);
      assert.equal([...(await y.read())].slice(4), [0, 0, 0, 0]);
      const [dq, dk, dv] = grad(y, [q, k, v], { seed: cosines(1, 2, 4) });
      assert.equal([...(await dq.read())].slice(4), [0, 0, 0, 0]);
      for (const t of [dk, dv]) {
        const values = [...(await t.read())];
        assert.ok(values.every(Number.isFinite), String(values));
        assert.equal(values.slice(4, 8), [0, 0, 0, 0], 'the hidden key');
      }
    }
  }));

test('a row whose keys all have the lowest f32 is their mean, as in PyTorch, and so are its gradients', () =>
  device.scope(async () => {
    const lowest = -3.4028234663852886e38;
    const [q, k, v] = [wave(0.7, 1, 4, 2, 2), wave(0.9, 1, 2, 3, 2), wave(1.3, 1, 2, 3, 2)];
    const mask = tensor(device, [lowest, lowest, lowest, 0, lowest, 0], [2, 3]);
    const y = scaledDotProductAttention(q, k, v, { mask, enableGqa: true });
    const values = [
      -0.122651, 0.163637, -0.177136, 0.813494, -0.122651, 0.163637, -0.721761, 0.352102, 0.196961, 0.181296,
      0.677815, 0.689345, 0.196961, 0.181296, 0.711088, 0.650934,
    ];
    await near(y, values, 'out');
    // Those of torch for the repeated heads, added in pairs.
    const perHead = [
      0.000625, -0.611395, 0.333333, 0.180101, 0.249894, -0.018396, -0.042147, 0.232537, -0.217881, 0.094554,
      0.566554, 0.710474, -0.422279, -0.301739, -0.0485, -0.30371, -0.513793, -0.301256, 0.350063, -0.079638,
      0.281285, 0.302482, 0.349244, -0.075085,
    ];
    const dv = Array.from({ length: 12 }, (_, i) => {
      const at = Math.floor(i / 6) * 12 + (i % 6);
      return perHead[at] + perHead[at + 6];
    });
    await near(grad(y, [v], { seed: cosines(1, 4, 2, 2) })[0], dv, 'v');
  }));

test('causal counts from the first key in PyTorch form, from the last in [B, T, C]', () =>
  device.scope(async () => {
    const y = scaledDotProductAttention(wave(0.7, 3, 2), wave(0.9, 2, 2), wave(1.3, 2, 2), { causal: true });
    await near(y, [0, 0.963558, 0.316172, -0.049249, 0.298513, 0.007322]);
    const [q, k] = [wave(0.7, 1, 2, 2), wave(0.9, 1, 3, 2)];
    const last = attention([q, k, k], { heads: 1, causal: true });
    const mask = tensor(device, [1, 1, 0, 1, 1, 1], [2, 3], { dtype: 'u32' });
    await near(last, [...(await attention([q, k, k], { heads: 1, mask }).read())]);
    const first = scaledDotProductAttention(q, k, k, { causal: true });
    const lower = tensor(device, [1, 0, 0, 1, 1, 0], [2, 3], { dtype: 'u32' });
    await near(first, [...(await attention([q, k, k], { heads: 1, mask: lower }).read())]);
  }));

test('a key count and a mask both hide keys', () =>
  device.scope(async () => {
    const [q, k, mask] = [wave(0.7, 1, 2, 4), wave(0.9, 1, 5, 4), wave(1.3, 2, 5)].map((t) => t.detach());
    const keyCount = tensor(device, [3], [1], { dtype: 'u32' });
    const few = k.slice({ axis: 1, end: 3 });
    for (const causal of [false, true]) {
      const wanted = attention([q, few, few], { heads: 2, causal, mask: mask.slice({ axis: 1, end: 3 }) });
      await near(attention([q, k, k], { heads: 2, causal, mask, keyCount }), [...(await wanted.read())]);
    }
  }));

test('NaN in a query or a mask makes that row NaN alone', () =>
  device.scope(async () => {
    const k = wave(0.9, 1, 3, 4);
    const q = tensor(device, [NaN, 0, 0, 0, 1, 2, 3, 4], [1, 2, 4]);
    for (const options of [{}, { mask: tensor(device, [0, -1, 0], [3]) }]) {
      const y = await scaledDotProductAttention(q, k, k, options).read();
      assert.equal([...y].map(Number.isNaN), [true, true, true, true, false, false, false, false]);
    }
    const mask = tensor(device, [0, 0, 0, 0, NaN, 0], [2, 3]);
    const y = await scaledDotProductAttention(k.slice({ axis: 1, end: 2 }), k, k, { mask }).read();
    assert.equal([...y].map(Number.isNaN), [false, false, false, false, true, true, true, true]);
  }));

test('no keys at all give zeros, and zeros as gradient', () =>
  device.scope(async () => {
    const q = wave(0.7, 1, 2, 4);
    const none = tensor(device, [], [1, 0, 4]);
    const y = attention([q, none, none], { heads: 2 });
    assert.equal([...(await y.read())], new Array(8).fill(0));
    assert.equal([...(await grad(y.sum(), [q])[0].read())], new Array(8).fill(0));
  }));

test('one packed tensor needs no list; other arguments are refused by name', () => {
  device.scope(() => {
    const x = wave(0.7, 1, 4, 12);
    assert.equal([...attention(x, { heads: 2 }).shape], [1, 4, 4]);
    refuses(
      () => attention('x' as never, { heads: 2 }),
      TensorError,
      /^attention: the first argument is the text 'x', but/,
    );
    refuses(
      () => attention([], { heads: 2 }),
      TensorError,
      /^attention: the first argument is the array \[\], but/,
    );
    for (const heads of [-2, 1.5, 0, NaN])
      refuses(
        () => attention([x], { heads }),
        TensorError,
        /^attention: heads is .*, but a whole number of at least 1 is wanted/,
      );
    refuses(() => attention([x], 2 as never), TensorError, /^attention: the options argument is 2/);
    refuses(
      () => attention([x], { heads: 2, mask: [1] as never }),
      TensorError,
      /^attention: mask is the array \[1\]/,
    );
    refuses(
      () => attention([x], { heads: 4, keyValueHeads: 3 }),
      ShapeError,
      /^attention: 4 heads cannot share 3 heads of keys and values evenly/,
    );
    const mask = wave(1, 3, 4);
    refuses(
      () => attention([x], { heads: 2, mask }),
      ShapeError,
      /^attention: the mask \[3, 4\] does not broadcast to \[B, H, Tq, Tk\] = \[1, 2, 4, 4\]/,
    );
    const [q, k] = [wave(1, 4, 3, 2), wave(1, 2, 3, 2)];
    refuses(
      () => scaledDotProductAttention(q, k, k),
      ShapeError,
      /^scaledDotProductAttention: 4 heads of queries, 2 of keys.*enableGqa/,
    );
  });
});

test.run();
