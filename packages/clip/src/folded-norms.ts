// OpenAI's ResNets have a BatchNorm behind every convolution, which has no bias; the model holds both as one convolution
// with a bias. Here: what stands in a file for it, and the folding.
//
// Legend: I channels in, O channels out, k × k kernel.
import { shapesOf, type HostTensor, type Source } from '@foreword/nn';
import type { Shape } from '@foreword/tensor';
import { isResNet, type ClipConfig } from './clip-config.ts';
import { Clip } from './clip.ts';
import { ClipError } from './clip-error.ts';

/** nn.BatchNorm2d's. */
const eps = 1e-5;

/** The BatchNorm of a convolution's parameter, and which of the two it is; undefined for other parameters. */
function normOf(name: string): { norm: string; kind: 'weight' | 'bias' } | undefined {
  const [, path, kind] = /^(visual\.(?:.*\.)?(?:conv\d|downsample\.0))\.(weight|bias)$/.exec(name) ?? [];
  if (!path) return undefined;
  return {
    norm: path.replace(/conv(\d)$/, 'bn$1').replace(/downsample\.0$/, 'downsample.1'),
    kind: kind as 'weight' | 'bias',
  };
}

/** Where a parameter of a ResNet's tower comes from. */
export function foldedSource(name: string): Source | undefined {
  const { norm, kind } = normOf(name) ?? {};
  if (kind === 'weight')
    return { from: [name, `${norm}.weight`, `${norm}.running_var`], combine: foldedWeight };
  if (kind !== 'bias') return undefined;
  const from = ['weight', 'running_var', 'bias', 'running_mean'].map((part) => `${norm}.${part}`);
  return { from, combine: ([gain, variance, bias, mean]) => foldedBias(gain, variance, bias, mean) };
}

/** γ / √(σ² + ε) of each channel. */
function factors(gain: HostTensor, variance: HostTensor): Float64Array {
  if (gain.data.length !== variance.data.length)
    throw new ClipError(`a BatchNorm has ${gain.data.length} gains and ${variance.data.length} variances`);
  return Float64Array.from(gain.data, (weight, o) => weight / Math.sqrt(variance.data[o] + eps));
}

/** A weight [O, I, k, k] times its norm's factors, as [k, k, I, O], or [I, O] where k is 1. */
function foldedWeight([weight, gain, variance]: readonly HostTensor[]): HostTensor {
  const [O, I, k] = weight.shape;
  const scale = factors(gain, variance);
  if (weight.shape.length !== 4 || weight.shape[3] !== k || scale.length !== O)
    throw new ClipError(
      `a convolution [${weight.shape.join(', ')}] has a BatchNorm of ${scale.length} channels`,
    );
  const data = new Float32Array(weight.data.length);
  for (let o = 0; o < O; o++) {
    for (let i = 0; i < I; i++)
      for (let tap = 0; tap < k * k; tap++)
        data[(tap * I + i) * O + o] = weight.data[(o * I + i) * k * k + tap] * scale[o];
  }
  return { shape: k === 1 ? [I, O] : [k, k, I, O], data };
}

/** The bias that remains of a norm: β − γ·μ / √(σ² + ε). */
function foldedBias(gain: HostTensor, variance: HostTensor, bias: HostTensor, mean: HostTensor): HostTensor {
  const scale = factors(gain, variance);
  return {
    shape: bias.shape,
    data: Float32Array.from(bias.data, (beta, o) => beta - scale[o] * mean.data[o]),
  };
}

/** Name → shape of all parameters as OpenAI's files have them, a ResNet's BatchNorms by themselves. */
export function clipParameterShapes(config: ClipConfig): Map<string, Shape> {
  const held = shapesOf((p) => new Clip(p, config));
  if (!isResNet(config.vision)) return held;
  return new Map(
    [...held].flatMap(([name, shape]): [string, Shape][] => {
      const { norm, kind } = normOf(name) ?? {};
      if (kind === undefined) return [[name, shape]];
      if (kind === 'bias') return ['weight', 'bias'].map((part) => [`${norm}.${part}`, shape]);
      const [I, O] = shape.slice(-2);
      const k = shape.length === 4 ? shape[0] : 1;
      return [[name, [O, I, k, k]]];
    }),
  );
}
