// The engine's public face, the same in browsers and in Node (Node users import '@foreword/tensor/node').
import './methods.ts';

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
export { grad, noGrad, type GradOptions } from './autograd/grad.ts';
export { compile, Plan, type InputSpec, type PlanValues } from './plan/plan.ts';
export type { ProfileRow } from './plan/profile.ts';
export * from './ops/index.ts';
export * as ops from './ops/index.ts';
export { copyInto } from './ops/unary/cast.ts';
export type { Activation } from './ops/unary/activations.ts';
export type { WeightLayout } from './ops/product/linear.ts';
export { defineOp, kernelOp, type OpDefinition } from './op.ts';
export type { OpCheck, RefArray, Sample } from './check.ts';
export { AdamW, type AdamWOptions } from './optim/adamw.ts';
export * from './safetensors/index.ts';
export * from './dtype/half.ts';
export type { LinearCrossEntropyOptions } from './ops/loss/linear-cross-entropy.ts';
