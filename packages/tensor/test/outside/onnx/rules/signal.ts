// ONNX's window functions and Fourier transforms; these as products with a matrix of cosines and sines.
import * as f from '../../../../src/node.ts';
import type { Tensor } from '../../../../src/node.ts';
import { read, type NodeCall, type Rule, type Rules, type Value } from '../value.ts';

/** Σ terms[k]·cos(2πk·n/N); N is one less than the size for windows that end as they begin. */
const windowFunction =
  (terms: readonly number[]): Rule =>
  async ([size], call) => {
    const [n] = await read(size!);
    const period = call.int('periodic', 1) ? n : n - 1;
    const at = f.arange(call.device, n);
    const tensor = terms
      .map((term, k) => f.mul(f.cos(f.mul(at, (2 * Math.PI * k) / period)), term))
      .reduce((a, b) => f.add(a, b));
    return [{ tensor, type: 'float' }];
  };

/** [..., n, 1 or 2] → [..., m, 2], along the axis before the last. */
function fourier(x: Tensor, { inverse, onesided }: { inverse: boolean; onesided: boolean }): Tensor {
  const n = x.dim(-2);
  const m = onesided ? Math.floor(n / 2) + 1 : n;
  const grid = f.outer(f.arange(x.device, n), f.arange(x.device, m));
  const angles = f.mul(f.remainder(grid, n), ((inverse ? 2 : -2) * Math.PI) / n);
  const [cosines, sines] = [f.cos(angles), f.sin(angles)];
  const [real, imaginary] = f.unbind(x, -1);
  const times = (row: Tensor, matrix: Tensor): Tensor => f.matmul(row, matrix);
  const parts = imaginary
    ? [
        f.sub(times(real, cosines), times(imaginary, sines)),
        f.add(times(real, sines), times(imaginary, cosines)),
      ]
    : [times(real, cosines), times(real, sines)];
  const y = f.stack(parts, { axis: -1 });
  return inverse ? f.div(y, n) : y;
}

const isOn = (call: NodeCall, name: string, otherwise: number): boolean => call.int(name, otherwise) === 1;

export const signal: Rules = {
  HannWindow: windowFunction([0.5, -0.5]),
  HammingWindow: windowFunction([25 / 46, -21 / 46]),
  BlackmanWindow: windowFunction([0.42, -0.5, 0.08]),
  DFT: async ([x], call) => {
    const axis = call.int('axis', 1);
    const options = { inverse: isOn(call, 'inverse', 0), onesided: isOn(call, 'onesided', 0) };
    const tensor = f.movedim(fourier(f.movedim(x!.tensor, axis, -2), options), -2, axis);
    return [{ tensor, type: x!.type }];
  },
  STFT: async ([x, step, window, length], call) => {
    const [by] = await read(step!);
    const n = length ? (await read(length))[0] : window!.tensor.size;
    const signals = x!.tensor.rank === 3 ? x!.tensor : f.unsqueeze(x!.tensor, 2);
    const count = Math.floor((signals.dim(1) - n) / by) + 1;
    const frames = Array.from({ length: count }, (_, i) => f.narrow(signals, 1, i * by, n));
    let all = f.stack(frames, { axis: 1 });
    if (window) all = f.mul(all, f.reshape(window.tensor, [n, 1]));
    const tensor = fourier(all, { inverse: false, onesided: isOn(call, 'onesided', 1) });
    return [{ tensor, type: x!.type } satisfies Value];
  },
};
