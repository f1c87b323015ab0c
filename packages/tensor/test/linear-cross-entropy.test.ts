// linearCrossEntropy against the same loss from whole logits: values, gradients, limits, and what it leaves out.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import type { Device } from '../src/core/device.ts';
import {
  compile,
  crossEntropy,
  grad,
  linearCrossEntropy,
  matmul,
  openDevice,
  tensor,
  type LinearCrossEntropyOptions,
  type Tensor,
} from '../src/node.ts';
import { deviation, uniform } from './op-check.ts';

const R = 134;
const C = 72;
const V = 300;
const ignoreIndex = -100;

const device = await openDevice();
// w takes 86 400 bytes, 64 rows of logits 76 800.
const limited = await openDevice({ bindingLimit: 80_000 });

const draw = uniform(7);
const xValues = Float32Array.from({ length: R * C }, () => 2 * draw() - 1);
const wValues = Float32Array.from({ length: V * C }, () => draw() - 0.5);
const targetValues = Int32Array.from({ length: R }, (_, r) =>
  r % 5 === 2 ? ignoreIndex : Math.floor(V * draw()),
);
/** Three chunks of rows: 64, 64 and 6. */
const chunkBytes = 64 * V * 4;

interface Inputs {
  x: Tensor;
  w: Tensor;
  targets: Tensor;
}

const inputsOn = (on: Device, targets: ArrayLike<number> = targetValues): Inputs => ({
  x: tensor(on, xValues, [R, C]).trainable(),
  w: tensor(on, wValues, [V, C]).trainable(),
  targets: tensor(on, targets, [R], { dtype: 'i32' }),
});

const chunked = ({ x, w, targets }: Inputs, options: LinearCrossEntropyOptions): Tensor =>
  linearCrossEntropy(x, w, targets, { chunkBytes, ignoreIndex, ...options });

const whole = ({ x, w, targets }: Inputs, options: LinearCrossEntropyOptions): Tensor =>
  crossEntropy(matmul(x, w, { transB: true }), targets, { ignoreIndex, ...options });

interface Results {
  loss: ArrayLike<number>;
  dx: ArrayLike<number>;
  dw: ArrayLike<number>;
}

async function results(inputs: Inputs, loss: Tensor): Promise<Results> {
  const [dx, dw] = grad(loss, [inputs.x, inputs.w]);
  return { loss: await loss.read(), dx: await dx.read(), dw: await dw.read() };
}

function assertNear(actual: Results, expected: Results, tolerance: number): void {
  for (const name of ['loss', 'dx', 'dw'] as const) {
    const { worst, at } = deviation(actual[name], expected[name]);
    assert.ok(
      worst <= tolerance,
      `${name}: off by ${worst} at ${at}: ${actual[name][at]}, wanted ${expected[name][at]}`,
    );
  }
}

const test = suite('linearCrossEntropy');
test.after.each(failOnGpuErrors(device));
test.after.each(failOnGpuErrors(limited));
test.after(() => {
  device.close();
  limited.close();
});

for (const options of [{}, { reduction: 'sum' }, { labelSmoothing: 0.2 }] as const) {
  test(`chunks give what whole logits give: ${JSON.stringify(options)}`, () =>
    device.scope(async () => {
      const inputs = inputsOn(device);
      const expected = await results(inputs, whole(inputs, options));
      assert.ok(expected.dw[0] !== 0 && expected.loss[0] > 1);
      assertNear(await results(inputs, chunked(inputs, options)), expected, 2e-5);
    }));
}

test('weights of rows multiply their losses and gradients, chunk by chunk', () =>
  device.scope(async () => {
    const inputs = inputsOn(device);
    const weightValues = Float32Array.from({ length: R }, () => 4 * draw() - 2);
    const weights = tensor(device, weightValues, [R]);
    const counted = targetValues.filter((t) => t !== ignoreIndex).length;
    const rows = whole(inputs, { reduction: 'none' as 'sum' });
    const expected = await results(
      inputs,
      rows
        .mul(weights)
        .sum()
        .mul(1 / counted),
    );
    assert.ok(Math.abs(expected.loss[0]) > 1e-3);
    assertNear(await results(inputs, chunked(inputs, { weights })), expected, 2e-5);
    assert.throws(
      () => chunked(inputs, { weights: tensor(device, [1, 2], [2]) }),
      /linearCrossEntropy: weights \[2\]/,
    );
  }));

test('a cotangent other than 1 scales both gradients', () =>
  device.scope(async () => {
    const inputs = inputsOn(device);
    const { dx, dw } = await results(inputs, chunked(inputs, {}));
    const scaled = await results(inputs, chunked(inputs, {}).mul(-3));
    assert.ok(
      deviation(
        scaled.dx,
        Float32Array.from(dx, (v) => -3 * v),
      ).worst <= 1e-6,
    );
    assert.ok(
      deviation(
        scaled.dw,
        Float32Array.from(dw, (v) => -3 * v),
      ).worst <= 1e-6,
    );
  }));

test('a weight over the binding limit gives the same numbers, scaled or not', () =>
  limited.scope(async () => {
    assert.ok(V * C * 4 > limited.bindingLimit);
    for (const factor of [1, 2]) {
      const resultsOn = (on: Device): Promise<Results> => {
        const inputs = inputsOn(on);
        const loss = chunked(inputs, {});
        return results(inputs, factor === 1 ? loss : loss.mul(factor));
      };
      assertNear(await resultsOn(limited), await resultsOn(device), 2e-6);
    }
  }));

test('a plan gives the bits of eager execution, three times in a row', () =>
  limited.scope(async () => {
    const inputs = inputsOn(limited);
    const eager = await results(inputs, chunked(inputs, {}));
    const plan = await compile(limited, { targets: { shape: [R], dtype: 'i32' } }, ({ targets }) => {
      const loss = chunked({ ...inputs, targets }, {});
      const [dx, dw] = grad(loss, [inputs.x, inputs.w]);
      return { loss, dx, dw };
    });
    for (let round = 0; round < 3; round++) {
      const outputs = plan.run({ targets: targetValues });
      for (const name of ['loss', 'dx', 'dw'] as const) {
        assert.equal(
          [...(await outputs[name].read())],
          Array.from(eager[name]),
          `${name}, replay ${round + 1}`,
        );
      }
    }
    plan.dispose();
  }));

test('only what is needed is computed, and logits are never held whole', async () => {
  const callsWhen = async (
    xTrains: boolean,
    wTrains: boolean,
  ): Promise<{ names: Set<string>; largestLogits: number }> => {
    const { x, w } = inputsOn(device);
    x.trainable(xTrains);
    w.trainable(wTrains);
    const plan = await compile(device, { targets: { shape: [R], dtype: 'i32' } }, ({ targets }) => {
      const loss = chunked({ x, w, targets }, {});
      const wanted = [x, w].filter((t) => t.requiresGrad);
      if (wanted.length === 0) return { loss };
      return { loss, ...Object.fromEntries(grad(loss, wanted).map((g, i) => [`g${i}`, g])) };
    });
    const names = new Set(plan.calls.map((call) => call.name));
    const losses = plan.calls.filter((call) => call.name.startsWith('crossEntropy'));
    const largestLogits = Math.max(...losses.flatMap((call) => call.bindings.map((b) => b.byteLength)));
    plan.dispose();
    x.dispose();
    w.dispose();
    return { names, largestLogits };
  };
  const none = await callsWhen(false, false);
  assert.ok(none.names.has('loss logits') && !none.names.has('loss dx') && !none.names.has('loss dw'));
  assert.is(none.largestLogits, chunkBytes);
  const frozenWeight = await callsWhen(true, false);
  assert.ok(frozenWeight.names.has('loss dx') && !frozenWeight.names.has('loss dw'));
  const frozenRows = await callsWhen(false, true);
  assert.ok(!frozenRows.names.has('loss dx') && frozenRows.names.has('loss dw'));
});

test('all rows ignored: the loss and its gradients are 0', () =>
  device.scope(async () => {
    const inputs = inputsOn(device, new Int32Array(R).fill(ignoreIndex));
    const { loss, dx, dw } = await results(inputs, chunked(inputs, {}));
    assert.is(loss[0], 0);
    assert.ok(Array.from(dx).every((v) => v === 0) && Array.from(dw).every((v) => v === 0));
  }));

test('a target that is no class makes the loss NaN instead of a plausible number', () =>
  device.scope(async () => {
    const inputs = inputsOn(
      device,
      Int32Array.from(targetValues, (t, r) => (r === 9 ? V : t)),
    );
    assert.ok(Number.isNaN(await chunked(inputs, {}).item()));
    assert.ok(Number.isNaN(await whole(inputs, {}).item()));
  }));

test('a weight in f16 gives the loss of its rounded values', () =>
  device.scope(async () => {
    if (!device.adapter.f16) return;
    const inputs = inputsOn(device);
    const half = inputs.w.detach().cast('f16').trainable();
    const rounded = half.detach().cast('f32').trainable();
    const expected = await results({ ...inputs, w: rounded }, chunked({ ...inputs, w: rounded }, {}));
    assertNear(await results({ ...inputs, w: half }, chunked({ ...inputs, w: half }, {})), expected, 2e-6);
  }));

test('errors name what does not fit', () =>
  device.scope(() => {
    const { x, w, targets } = inputsOn(device);
    assert.throws(
      () => linearCrossEntropy(x, tensor(device, [1, 2], [1, 2]), targets),
      /x \[134, 72\] and w \[1, 2\] are not/,
    );
    assert.throws(
      () => linearCrossEntropy(x, w, tensor(device, [1, 2], [2], { dtype: 'u32' })),
      /targets \[2\] .* 134 rows/,
    );
    assert.throws(
      () => linearCrossEntropy(x, w, tensor(device, new Float32Array(R), [R])),
      /targets are f32/,
    );
    const late = x.detach();
    const loss = linearCrossEntropy(late, w.trainable(), targets);
    assert.throws(() => grad(loss, [late.trainable()]), /x was not trainable when the loss was computed/);
  }));

test.run();
