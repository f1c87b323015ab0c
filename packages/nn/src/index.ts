// Modules, layers, initial values, checkpoints and optimisers: what PyTorch has in torch.nn and torch.optim.
export { Module, type Layer } from './module.ts';
export { ModuleError } from './nn-error.ts';
export {
  given,
  parametersFrom,
  seeded,
  shapesOf,
  shapesOnly,
  storedDtype,
  type Parameters,
  type Request,
  type SeedOptions,
  type StorageOptions,
} from './parameters.ts';
export {
  loadInto,
  loadModule,
  saveModule,
  stacked,
  transposed,
  type CheckpointNames,
  type LoadOptions,
  type SaveOptions,
  type Source,
} from './checkpoint.ts';
export { readEntries, type EntryOptions } from './entries.ts';
export { memoryTensors, type TensorSource } from './tensor-source.ts';
export { CheckpointError, type CheckpointFaults, type ShapeDifference } from './checkpoint-error.ts';
export type { HostTensor, StateValues } from './load-values.ts';
export * as init from './init.ts';
export type { Fans, Init, Nonlinearity } from './init.ts';
export { Random } from './random.ts';
export * from './schedules.ts';
export { Activation } from './layers/activation.ts';
export { Attention, type AttentionOptions } from './layers/attention.ts';
export { AdaptiveAvgPool2d, AvgPool2d, MaxPool2d } from './layers/pool2d.ts';
export { Conv1d, Conv2d, ConvTranspose2d } from './layers/conv2d.ts';
export type { Conv1dOptions, Conv2dOptions, ConvTranspose2dOptions } from './layers/conv2d.ts';
export { Dropout, type DropoutOptions } from './layers/dropout.ts';
export { Embedding, type EmbeddingOptions } from './layers/embedding.ts';
export { Flatten } from './layers/flatten.ts';
export { LayerNorm, type LayerNormOptions } from './layers/layer-norm.ts';
export { BatchNorm2d, GroupNorm, RMSNorm, type BatchNormOptions } from './layers/norms.ts';
export { Linear, type LinearForwardOptions, type LinearOptions } from './layers/linear.ts';
export { feedForward, Mlp, type MlpOptions } from './layers/mlp.ts';
export { Sequential } from './layers/sequential.ts';
export { TransformerBlock, type TransformerBlockOptions } from './layers/transformer-block.ts';
export {
  Adam,
  AdamW,
  Ema,
  Lion,
  Optimizer,
  SGD,
  type AdamOptions,
  type AdamWOptions,
  type EmaOptions,
  type LionOptions,
  type LossScaleOptions,
  type OptimizerOptions,
  type SGDOptions,
  type TrainableParameters,
} from '@foreword/tensor';
