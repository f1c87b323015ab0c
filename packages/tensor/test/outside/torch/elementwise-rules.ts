// OpInfo's pointwise ops by the engine's names.
import * as f from '../../../src/node.ts';
import type { Tensor } from '../../../src/node.ts';
import { TorchSkip, type TorchCall, type TorchRule, type TorchRules } from './torch-call.ts';

const unary =
  (of: (x: Tensor) => Tensor): TorchRule =>
  (call) =>
    of(call.tensor(0));

const binary =
  (of: (a: Tensor, b: Tensor | number) => Tensor): TorchRule =>
  (call) =>
    of(call.tensor(0), call.at(1, 'other') as Tensor | number);

const scaled =
  (of: (a: Tensor, b: Tensor | number) => Tensor): TorchRule =>
  (call) => {
    const [other, alpha] = [call.at(1, 'other') as Tensor, call.number(2, 'alpha', 1)];
    return of(call.tensor(0), alpha === 1 ? other : f.mul(other, alpha));
  };

const loss =
  (
    of: (
      a: Tensor,
      b: Tensor,
      options: { reduction: 'mean' | 'sum' | 'none' } & Record<string, unknown>,
    ) => Tensor,
    ...names: string[]
  ): TorchRule =>
  (call: TorchCall) => {
    if (call.has('weight') || call.has('pos_weight')) throw new TorchSkip('losses with weights of elements');
    const more = names.flatMap((name) =>
      call.has(name) ? [[name === 'log_target' ? 'logTarget' : name, call.at(-1, name)]] : [],
    );
    const word = call.text<string>(-1, 'reduction', 'mean');
    const reduction = (word === 'batchmean' ? 'batchMean' : word) as 'mean';
    return of(call.tensor(0), call.tensor(1), { reduction, ...Object.fromEntries(more) });
  };

const bound = (call: TorchCall, place: number, name: string): number | undefined => {
  const value = call.at(place, name);
  if (typeof value === 'object')
    throw new TorchSkip('bounds that are tensors; minimum and maximum take them');
  return value as number | undefined;
};

export const elementwise: TorchRules = {
  abs: unary(f.abs),
  acos: unary(f.acos),
  acosh: unary(f.acosh),
  asin: unary(f.asin),
  asinh: unary(f.asinh),
  atan: unary(f.atan),
  atanh: unary(f.atanh),
  ceil: unary(f.ceil),
  cos: unary(f.cos),
  cosh: unary(f.cosh),
  erf: unary(f.erf),
  exp: unary(f.exp),
  exp2: unary(f.exp2),
  expm1: unary(f.expm1),
  floor: unary(f.floor),
  isfinite: unary(f.isfinite),
  isinf: unary(f.isinf),
  isnan: unary(f.isnan),
  log: unary(f.log),
  log1p: unary(f.log1p),
  log2: unary(f.log2),
  logical_not: unary(f.logicalNot),
  neg: unary(f.neg),
  reciprocal: unary(f.reciprocal),
  rsqrt: unary(f.rsqrt),
  sigmoid: unary(f.sigmoid),
  sign: unary(f.sign),
  sin: unary(f.sin),
  sinh: unary(f.sinh),
  round: unary(f.round),
  sqrt: unary(f.sqrt),
  square: unary(f.square),
  tan: unary(f.tan),
  tanh: unary(f.tanh),
  trunc: unary(f.trunc),
  'nn.functional.relu': unary(f.relu),
  'nn.functional.silu': unary(f.silu),
  'nn.functional.selu': unary(f.selu),
  'nn.functional.mish': unary(f.mish),
  'nn.functional.softsign': unary(f.softsign),
  'nn.functional.logsigmoid': unary(f.logSigmoid),
  'nn.functional.hardsigmoid': unary(f.hardSigmoid),
  'nn.functional.hardswish': unary(f.hardSwish),
  'nn.functional.relu6': unary((x) => f.hardTanh(x, { min: 0, max: 6 })),
  'nn.functional.gelu': (call) =>
    (call.at(-1, 'approximate') === 'tanh' ? f.geluNew : f.gelu)(call.tensor(0)),
  'nn.functional.elu': (call) => f.elu(call.tensor(0), call.number(1, 'alpha', 1)),
  'nn.functional.celu': (call) => f.celu(call.tensor(0), call.number(1, 'alpha', 1)),
  'nn.functional.leaky_relu': (call) => f.leakyRelu(call.tensor(0), call.number(1, 'negative_slope', 0.01)),
  'nn.functional.softplus': (call) => {
    if (call.number(1, 'beta', 1) !== 1 || call.number(2, 'threshold', 20) !== 20)
      throw new TorchSkip('softplus with beta and threshold');
    return f.softplus(call.tensor(0));
  },
  add: scaled(f.add),
  sub: scaled(f.sub),
  mul: binary(f.mul),
  true_divide: binary(f.div),
  'div.no_rounding_mode': binary(f.div),
  __radd__: binary(f.add),
  __rmul__: binary(f.mul),
  atan2: binary(f.atan2),
  maximum: binary(f.maximum),
  minimum: binary(f.minimum),
  'max.binary': binary(f.maximum),
  'min.binary': binary(f.minimum),
  pow: binary(f.pow),
  fmod: binary(f.fmod),
  remainder: binary(f.remainder),
  'div.floor_rounding': binary(f.floorDivide),
  floor_divide: binary(f.floorDivide),
  eq: binary(f.eq),
  ne: binary(f.ne),
  lt: binary(f.lt),
  le: binary(f.le),
  gt: binary(f.gt),
  ge: binary(f.ge),
  logical_and: binary(f.logicalAnd),
  logical_or: binary(f.logicalOr),
  logical_xor: binary(f.logicalXor),
  clamp: (call) => f.clamp(call.tensor(0), { min: bound(call, 1, 'min'), max: bound(call, 2, 'max') }),
  clamp_min: binary(f.maximum),
  clamp_max: binary(f.minimum),
  where: (call) => f.where(call.tensor(1), call.tensor(0), call.at(2, 'other') as Tensor),
  masked_fill: (call) => {
    const value = call.at(2, 'value');
    if (typeof value === 'object') throw new TorchSkip('maskedFill with a tensor as value; where takes it');
    if (call.tensor(1).rank > call.tensor(0).rank)
      throw new TorchSkip('maskedFill of what is smaller than its mask');
    return f.maskedFill(call.tensor(0), call.tensor(1), value as number);
  },
  'nn.functional.mse_loss': loss(f.mseLoss),
  'nn.functional.l1_loss': loss(f.l1Loss),
  'nn.functional.huber_loss': loss(f.huberLoss, 'delta'),
  'nn.functional.smooth_l1_loss': loss(f.smoothL1Loss, 'beta'),
  'nn.functional.binary_cross_entropy': loss(f.binaryCrossEntropy),
  'nn.functional.binary_cross_entropy_with_logits': loss(f.binaryCrossEntropyWithLogits),
  'nn.functional.kl_div': loss(f.klDiv, 'log_target'),
  'nn.functional.hinge_embedding_loss': loss(f.hingeEmbeddingLoss, 'margin'),
};
