// batchNorm: each channel brought to mean 0 and variance 1 over all rows of the batch, or by running statistics.
//
// Legend: R rows (pictures × places), C channels, last as in conv2d here (PyTorch has them second). x̂ = (x − μ)/√(σ² + ε).
import { assertFloat, assertNumber, assertOptions, assertSizes } from '../../arguments.ts';
import { ShapeError, TensorError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import { seenAs } from '../../kernel/bindable.ts';
import { runPointwise } from '../../kernel/pointwise.ts';
import { f32Literal } from '../../kernel/wgsl.ts';
import { defineOp, kernelOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { reshape } from '../move/reshape.ts';
import type { Places } from '../reduce/axes.ts';
import { runReduction } from '../reduce/run-reduction.ts';
import { sumFold } from '../reduce/sum.ts';
import { launchVariance } from '../reduce/variance.ts';

export interface BatchNormAttrs {
  /** Statistics of the batch, which update the running ones; else the running ones are used. */
  training: boolean;
  /** Weight of the batch in the running statistics. */
  momentum: number;
  eps: number;
}

/** x, gain, bias, and the running mean and variance. */
export type BatchNormInputs = readonly [
  Tensor,
  Tensor | undefined,
  Tensor | undefined,
  Tensor | undefined,
  Tensor | undefined,
];

/** [1, R, C], reduced over R. */
function placesOf(x: Tensor): Places {
  const C = x.dim(-1);
  return { outer: 1, n: C === 0 ? 0 : x.size / C, inner: C, shape: [C] };
}

interface BackwardAttrs {
  training: boolean;
  eps: number;
}

/** Gradients of x, gain and bias; those of gain and bias are parts of the first in training. */
const backward = kernelOp<BackwardAttrs, readonly [Tensor, Tensor | undefined, Tensor, Tensor, Tensor]>(
  'batchNormBackward',
  ([x, , mean]) => [
    { shape: x.shape, dtype: x.dtype },
    { shape: mean.shape, dtype: 'f32' },
    { shape: mean.shape, dtype: 'f32' },
  ],
  (context, [x, gain, mean, variance, g], [out, dGain, dBias], { training, eps }) => {
    const places = placesOf(x);
    const rstd = `inverseSqrt(variance + V(${f32Literal(eps)}))`;
    const fold = { ...sumFold('batchNorm backward', 'f32') };
    runReduction(context, { ...places, x: g, out: dBias, fold });
    runReduction(context, {
      ...places,
      x: g,
      out: dGain,
      beside: { x },
      centres: { mean, variance },
      fold: { ...fold, load: `v * ((x - mean) * ${rstd})` },
    });
    const inner = training
      ? `(g - dBias * V(${f32Literal(1 / places.n)}) - (x - mean) * ${rstd} * dGain * V(${f32Literal(1 / places.n)}))`
      : 'g';
    runPointwise(context, {
      name: 'batchNorm backward',
      read: {
        variance,
        g,
        ...(training && { x, mean, dGain, dBias }),
        ...(gain && { gain: seenAs(gain, places.shape) }),
      },
      out,
      value: `${inner} * ${rstd}${gain ? ' * gain' : ''}`,
    });
  },
);

const definition: OpDefinition<BatchNormAttrs, BatchNormInputs> = {
  name: 'batchNorm',
  inputs: ['x', 'gain', 'bias', 'runningMean', 'runningVar'],
  infer([x, gain, bias, runningMean, runningVar], { training }) {
    assertFloat('batchNorm', 'x', x);
    if (x.rank < 2)
      throw new ShapeError(`batchNorm: x is ${formatShape(x.shape)}, but [B, ..., C] is wanted`);
    const C = x.dim(-1);
    for (const [what, t] of Object.entries({ gain, bias, runningMean, runningVar })) {
      if (!t) continue;
      assertFloat('batchNorm', what, t);
      assertSizes('batchNorm', `the size of ${what}`, t.size, C);
    }
    if (!runningMean !== !runningVar)
      throw new TensorError('batchNorm: runningMean and runningVar are given both or not at all');
    if (!training && !runningMean)
      throw new TensorError('batchNorm: runningMean and runningVar are needed where training is not set');
    if (training && x.size <= C)
      throw new ShapeError(
        `batchNorm: x ${formatShape(x.shape)} has one value a channel or none, but training wants more`,
      );
    const perChannel = { shape: [C], dtype: 'f32' as const };
    return [{ shape: x.shape, dtype: x.dtype }, perChannel, perChannel];
  },
  launch(
    context,
    [x, gain, bias, runningMean, runningVar],
    [out, mean, variance],
    { training, momentum, eps },
  ) {
    const places = placesOf(x);
    const { shape } = places;
    if (training) launchVariance(context, x, { variance, mean }, { ...places, correction: 0 });
    else {
      const copy = (from: Tensor, into: Tensor): void =>
        runPointwise(context, { name: 'copy', read: { x: seenAs(from, shape) }, out: into, value: 'x' });
      copy(runningMean!, mean);
      copy(runningVar!, variance);
    }
    const scaled = `(x - mean) * inverseSqrt(variance + V(${f32Literal(eps)}))`;
    runPointwise(context, {
      name: 'batchNorm',
      read: {
        x,
        mean,
        variance,
        ...(gain && { gain: seenAs(gain, shape) }),
        ...(bias && { bias: seenAs(bias, shape) }),
      },
      out,
      value: `${scaled}${gain ? ' * gain' : ''}${bias ? ' + bias' : ''}`,
    });
    if (!training || !runningMean || !runningVar) return;
    // The running variance is that of a sample, n − 1, though the batch is divided by that of a population: as in PyTorch.
    const update = (running: Tensor, fresh: Tensor, scale: number): void => {
      const share = f32Literal(momentum * scale);
      context.run({
        name: 'running statistics',
        read: { fresh },
        write: { running },
        threads: running.size,
        code: `fn thread(i: u32) { running[i] = running_t(f32(running[i]) * ${f32Literal(1 - momentum)} + fresh[i] * ${share}); }`,
      });
    };
    update(runningMean, mean, 1);
    update(runningVar, variance, places.n / (places.n - 1));
  },
  vjp({ inputs: [x, gain, bias, runningMean, runningVar], outputs: [, mean, variance], attrs, grad, needs }) {
    const [dx, dGain, dBias] = backward([x, gain, mean, variance, grad], attrs);
    for (const [i, t] of [runningMean, runningVar].entries())
      if (needs[3 + i])
        throw new TensorError(
          `batchNorm: the running statistics ${t!.toString()} have no gradient; detach() them`,
        );
    return [
      needs[0] ? dx : undefined,
      needs[1] ? reshape(dGain, gain!.shape) : undefined,
      needs[2] ? reshape(dBias, bias!.shape) : undefined,
    ];
  },
};

export interface BatchNormOptions {
  /** [C] each; training updates them in place. */
  runningMean?: Tensor;
  runningVar?: Tensor;
  /** Default false, as in PyTorch. */
  training?: boolean;
  /** Weight of a batch in the running statistics, default 0.1. */
  momentum?: number;
  /** Default 1e-5. */
  eps?: number;
}

/**
 * Batch normalisation (Ioffe & Szegedy 2015): x [B, ..., C], channels last, gain and bias [C], which may be left out. With
 * `training` each channel gets mean 0 and variance 1 over the batch, and runningMean and runningVar, if given, move towards the
 * batch's mean and its variance as a sample (n − 1). Without, the running ones are used.
 * @throws TensorError without `training` and without running statistics; ShapeError for a batch of one value a channel.
 * @example
 * batchNorm(x, gain, bias, { runningMean, runningVar, training: true }); // [B, H, W, C] → [B, H, W, C]
 */
export const batchNorm = defineOp(
  definition,
  (apply) =>
    (x: Tensor, gain?: Tensor, bias?: Tensor, options: BatchNormOptions = {}): Tensor => {
      assertOptions('batchNorm', options, ['runningMean', 'runningVar', 'training', 'momentum', 'eps']);
      const { runningMean, runningVar, training = false, momentum = 0.1, eps = 1e-5 } = options;
      assertNumber('batchNorm', 'momentum', momentum, { min: 0, max: 1 });
      assertNumber('batchNorm', 'eps', eps, { min: 0 });
      return apply([x, gain, bias, runningMean, runningVar], { training, momentum, eps })[0];
    },
);
