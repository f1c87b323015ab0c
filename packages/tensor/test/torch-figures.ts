// Comparison with figures from PyTorch 1.13 (float64): inputs are sines of their places, and of a result and of each gradient
// four numbers are known: its sum with cosines of the places as weights, its first, middle and last element.
import * as assert from 'uvu/assert';
import { grad, tensor, type Device, type Shape, type Tensor } from '../src/index.ts';

export type Figures = readonly (readonly [weighted: number, first: number, middle: number, last: number])[];

/** sin(i·k) in a tensor that wants a gradient. */
export function sines(device: Device, shape: Shape, k: number): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(
    device,
    Float64Array.from({ length: size }, (_, i) => Math.sin(i * k)),
    shape,
  ).trainable();
}

async function assertFigures(
  what: string,
  t: Tensor,
  [weighted, first, middle, last]: Figures[number],
): Promise<void> {
  const values = Array.from(await t.read());
  const sum = values.reduce((total, v, i) => total + v * Math.cos(0.37 * i), 0);
  const got = [sum, values[0], values[Math.floor(values.length / 2)], values.at(-1)!];
  [weighted, first, middle, last].forEach((wanted, i) => {
    const most = 2e-5 * (i === 0 ? Math.max(1, Math.sqrt(values.length)) : Math.max(1, Math.abs(wanted)));
    assert.ok(
      Math.abs(got[i] - wanted) <= most,
      `${what}: ${['weighted sum', 'first', 'middle', 'last'][i]} is ${got[i]}, PyTorch has ${wanted}`,
    );
  });
}

/** Compares a result and its gradients by `inputs`, weighted by sin(0.51·i + 1), with PyTorch's. */
export async function assertAsTorch(
  device: Device,
  name: string,
  [of, ...ofGrads]: Figures,
  inputs: readonly Tensor[],
  work: (...inputs: Tensor[]) => Tensor,
): Promise<void> {
  const y = work(...inputs);
  await assertFigures(name, y, of);
  const weights = Float64Array.from({ length: y.size }, (_, i) => Math.sin(0.51 * i + 1));
  const grads = grad(y, inputs.slice(0, ofGrads.length), { seed: tensor(device, weights, y.shape) });
  for (const [i, figures] of ofGrads.entries())
    await assertFigures(`${name}, gradient of input ${i}`, grads[i], figures);
}
