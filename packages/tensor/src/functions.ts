// The engine as functions alone: a bundler keeps the ops that a program uses (entry @foreword/tensor/functions). The main entry
// adds the methods of Tensor, which bring every op.

export { openDevice, type OpenOptions } from './core/open-device.ts';
export { Device, type DeviceOptions, type DeviceStats } from './core/device.ts';
export { describeAdapter, describeMatrix, type AdapterSummary, type SubgroupMatrix } from './core/adapter.ts';
export { engineVersion } from './core/engine-version.ts';
export type { Tuning } from './core/choices.ts';
export { adapterKey, meetChoices, tune, tuningOf } from './tune/tune.ts';
export type { ChoiceSite, TunedChoice, TuneOptions } from './tune/tune.ts';
export { adapterRemarks } from './core/adapter-remarks.ts';
export * from './core/errors.ts';
export type { Shape } from './core/shape.ts';
export type { DType, HostArray } from './dtype/dtype.ts';
export { Tensor, tensor, parameter, emptyTensor, type CreateOptions } from './tensor.ts';
export { checkpoint } from './autograd/checkpoint.ts';
export { grad, noGrad, type GradOptions } from './autograd/grad.ts';
export { compile, Plan, type InputSpec, type PlanValues } from './plan/plan.ts';
export type { ProfileRow } from './plan/profile.ts';
export * from './ops/index.ts';
export * as ops from './ops/index.ts';
export { copyInto } from './ops/unary/cast.ts';
export type { Activation } from './ops/unary/activations.ts';
export type { Conv2dOptions } from './ops/conv/conv2d.ts';
export type { ConvTranspose2dOptions } from './ops/conv/conv-transpose2d.ts';
export type { Conv1dOptions, ConvTranspose1dOptions } from './ops/conv/conv1d.ts';
export type { AvgPoolOptions, PoolOptions } from './ops/conv/pool2d.ts';
export type { AvgPool1dOptions, Pool1dOptions } from './ops/conv/pool1d.ts';
export type { InterpolateMode, InterpolateOptions } from './ops/conv/interpolate.ts';
export type { GridSampleOptions } from './ops/conv/grid-sample.ts';
export type { ImageLayout } from './ops/conv/image-layout.ts';
export type { Padding, Pair } from './ops/conv/window.ts';
export type { CrossEntropyOptions } from './ops/loss/cross-entropy.ts';
export type { NllLossOptions } from './ops/loss/nll-loss.ts';
export type { Reduction } from './ops/loss/loss-values.ts';
export type {
  BinaryCrossEntropyOptions,
  BinaryCrossEntropyWithLogitsOptions,
  CosineEmbeddingLossOptions,
  HuberLossOptions,
  KlDivOptions,
  LossOptions,
  MarginOptions,
  SmoothL1LossOptions,
} from './ops/loss/pointwise-losses.ts';
export type { WeightLayout } from './ops/product/linear.ts';
export { defineOp, kernelOp, type OpDefinition } from './op.ts';
export type { OpCheck, RefArray, Sample } from './check.ts';
export { Adam, AdamW, type AdamOptions, type AdamWOptions } from './optim/adam.ts';
export { SGD, type SGDOptions } from './optim/sgd.ts';
export { Lion, type LionOptions } from './optim/lion.ts';
export { Ema, type EmaOptions } from './optim/ema.ts';
export { Optimizer, type OptimizerOptions } from './optim/optimizer.ts';
export type { LossScaleOptions } from './optim/loss-scale.ts';
export type { TrainableParameters } from './optim/trainable-parameters.ts';
export { keyedBits, randomKey, unit24, type RandomBits } from './kernel/random.ts';
export { advanceSeed } from './ops/random/advance-seed.ts';
export * from './safetensors/index.ts';
export * from './dtype/half.ts';
export type { LinearCrossEntropyOptions } from './ops/loss/linear-cross-entropy.ts';
