// The caption loss with label smoothing: its value from whole logits, its gradient from finite differences.
import { Gpt2, parseGpt2Config } from '@foreword/gpt2';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { concat, grad, openDevice, slice, tensor, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { captionLoss, createMapper } from '../src/index.ts';

const test = suite('label smoothing', { timeLimitSeconds: 120 });
const config = parseGpt2Config({ vocab_size: 11, n_positions: 12, n_embd: 8, n_layer: 1, n_head: 2 });
const [B, D, P, T, V] = [2, 3, 2, 3, 11];
const labelSmoothing = 0.1;
const features = [0.3, -0.8, 0.5, 1, 0.2, -0.4];
/** The second caption is one token shorter. */
const ids = [4, 9, 2, 7, 1, 0];

let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

test('it is (1 − ε) of the target’s surprise and ε of the mean one, over tokens that are no padding', async () => {
  const gpt2 = Gpt2.random(device, config, 1);
  const mapper = createMapper(
    device,
    { type: 'mlp', prefixLength: P, featureSize: D, embeddingSize: 8 },
    { seed: 2 },
  );
  const batch = () => ({
    features: tensor(device, features, [B, D]),
    tokens: tensor(device, ids, [B, T], { dtype: 'i32' }),
  });
  const lossNow = (): Promise<number> =>
    device.scope(() => captionLoss(gpt2, mapper, { ...batch(), labelSmoothing }).item());

  const logits = await device.scope(() => {
    const { features: given, tokens } = batch();
    const sequence = concat([mapper.forward(given), gpt2.embed(tokens)], { axis: 1 });
    const rows = slice(gpt2.hidden(sequence), { axis: 1, start: P - 1, end: P - 1 + T });
    return gpt2.logits(rows).read();
  });
  let total = 0;
  ids.slice(0, 5).forEach((id, r) => {
    const row = Array.from(logits.slice(r * V, (r + 1) * V));
    const logSum = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
    const surprises = row.map((x) => logSum - x);
    total += 0.9 * surprises[id] + (0.1 * surprises.reduce((a, b) => a + b, 0)) / V;
  });
  assert.ok(Math.abs((await lossNow()) - total / 5) < 1e-5);
  const plain = await device.scope(() => captionLoss(gpt2, mapper, batch()).item());
  assert.ok(Math.abs((await lossNow()) - plain) > 1e-4, 'smoothing changes the loss');

  const parameters = Object.fromEntries(mapper.namedParameters());
  for (const name of ['model.0.weight', 'model.2.bias']) {
    const parameter = parameters[name];
    const gradient = await device.scope(async () => {
      const [g] = grad(captionLoss(gpt2, mapper, { ...batch(), labelSmoothing }), [parameter]);
      return (await g.read()) as Float32Array;
    });
    const values = (await parameter.read()) as Float32Array;
    const at = gradient.reduce((best, g, i) => (Math.abs(g) > Math.abs(gradient[best]) ? i : best), 0);
    const lossAt = async (step: number): Promise<number> => {
      parameter.write(values.map((x, i) => (i === at ? x + step : x)));
      return await lossNow();
    };
    const h = 2 ** -5;
    const measured = ((await lossAt(h)) - (await lossAt(-h))) / (2 * h);
    parameter.write(values);
    assert.ok(
      Math.abs(measured - gradient[at]) < 0.02 * Math.abs(gradient[at]),
      `${name}[${at}]: ${gradient[at]} by autograd, ${measured} measured`,
    );
  }
  mapper.dispose();
  gpt2.dispose();
});

test.run();
