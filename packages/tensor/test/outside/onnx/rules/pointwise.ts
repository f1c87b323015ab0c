// ONNX's pointwise operators.
import * as f from '../../../../src/node.ts';
import type { Tensor } from '../../../../src/node.ts';
import { dtypeOf, isFloatType, read, Skip, type Rule, type Rules } from '../value.ts';

/** One operand; the result has its type. */
const unary =
  (of: (x: Tensor) => Tensor): Rule =>
  ([x]) => [{ tensor: of(x!.tensor), type: x!.type }];

/** Two operands, broadcast; the result has the first one's type. */
const binary =
  (of: (a: Tensor, b: Tensor) => Tensor): Rule =>
  ([a, b]) => [{ tensor: of(a!.tensor, b!.tensor), type: a!.type }];

/** Two operands to true and false. */
const comparison =
  (of: (a: Tensor, b: Tensor) => Tensor): Rule =>
  ([a, b]) => [{ tensor: of(a!.tensor, b!.tensor), type: 'bool' }];

/** Any number of operands, one after another. */
const folded =
  (of: (a: Tensor, b: Tensor) => Tensor): Rule =>
  (inputs) => [{ tensor: inputs.map((x) => x!.tensor).reduce((a, b) => of(a, b)), type: inputs[0]!.type }];

export const pointwise: Rules = {
  Abs: unary(f.abs),
  Acos: unary(f.acos),
  Acosh: unary(f.acosh),
  Add: binary(f.add),
  And: comparison(f.logicalAnd),
  Asin: unary(f.asin),
  Asinh: unary(f.asinh),
  Atan: unary(f.atan),
  Atanh: unary(f.atanh),
  BitShift: ([a, b], call) => [
    {
      tensor:
        call.text('direction', '') === 'LEFT'
          ? f.bitwiseLeftShift(a!.tensor, b!.tensor)
          : f.bitwiseRightShift(a!.tensor, b!.tensor),
      type: a!.type,
    },
  ],
  Cast: ([x], call) => {
    const type = [
      '',
      'float',
      'uint8',
      'int8',
      'uint16',
      'int16',
      'int32',
      'int64',
      'string',
      'bool',
      'float16',
      'double',
    ][call.int('to', 1)];
    if (type === 'float16' && x!.type !== 'float16')
      return [{ tensor: f.cast(f.cast(x!.tensor, 'f16'), 'f32'), type }];
    const tensor = type === 'bool' ? f.ne(x!.tensor, 0) : f.cast(x!.tensor, dtypeOf(type ?? 'string'));
    return [{ tensor, type }];
  },
  CastLike: ([x, like]) => {
    const half = like!.type === 'float16' && x!.type !== 'float16';
    const source = half ? f.cast(x!.tensor, 'f16') : x!.tensor;
    return [{ tensor: f.cast(source, dtypeOf(like!.type)), type: like!.type }];
  },
  Ceil: unary(f.ceil),
  Celu: ([x], call) => [{ tensor: f.celu(x!.tensor, call.float('alpha', 1)), type: x!.type }],
  Clip: async ([x, low, high], call) => {
    const min = low ? (await read(low))[0] : call.has('min') ? call.float('min', 0) : undefined;
    const max = high ? (await read(high))[0] : call.has('max') ? call.float('max', 0) : undefined;
    if (min === undefined && max === undefined) return [x];
    return [{ tensor: f.clamp(x!.tensor, { min, max }), type: x!.type }];
  },
  Cos: unary(f.cos),
  Cosh: unary(f.cosh),
  Div: ([a, b]) => [
    {
      tensor: isFloatType(a!.type) ? f.div(a!.tensor, b!.tensor) : f.floorDivide(a!.tensor, b!.tensor),
      type: a!.type,
    },
  ],
  Elu: ([x], call) => [{ tensor: f.elu(x!.tensor, call.float('alpha', 1)), type: x!.type }],
  Equal: comparison(f.eq),
  Erf: unary(f.erf),
  Exp: unary(f.exp),
  Floor: unary(f.floor),
  Greater: comparison(f.gt),
  GreaterOrEqual: comparison(f.ge),
  HardSigmoid: ([x], call) => [
    {
      tensor: f.clamp(f.affine(x!.tensor, call.float('alpha', 0.2), call.float('beta', 0.5)), {
        min: 0,
        max: 1,
      }),
      type: x!.type,
    },
  ],
  HardSwish: unary(f.hardSwish),
  Identity: ([x]) => [x],
  IsInf: ([x], call) => {
    const positive = call.int('detect_positive', 1) ? f.eq(x!.tensor, Infinity) : undefined;
    const negative = call.int('detect_negative', 1) ? f.eq(x!.tensor, -Infinity) : undefined;
    const tensor = positive && negative ? f.isinf(x!.tensor) : (positive ?? negative);
    if (!tensor) throw new Skip('IsInf that detects nothing');
    return [{ tensor, type: 'bool' }];
  },
  IsNaN: ([x]) => [{ tensor: f.isnan(x!.tensor), type: 'bool' }],
  LeakyRelu: ([x], call) => [{ tensor: f.leakyRelu(x!.tensor, call.float('alpha', 0.01)), type: x!.type }],
  Less: comparison(f.lt),
  LessOrEqual: comparison(f.le),
  Log: unary(f.log),
  Max: folded(f.maximum),
  Mean: (inputs) => [
    {
      tensor: f.div(
        inputs.map((x) => x!.tensor).reduce((a, b) => f.add(a, b)),
        inputs.length,
      ),
      type: inputs[0]!.type,
    },
  ],
  Min: folded(f.minimum),
  Mod: ([a, b], call) => [
    {
      tensor: call.int('fmod', 0) ? f.fmod(a!.tensor, b!.tensor) : f.remainder(a!.tensor, b!.tensor),
      type: a!.type,
    },
  ],
  Mul: binary(f.mul),
  Neg: unary(f.neg),
  Not: ([x]) => [{ tensor: f.logicalNot(x!.tensor), type: 'bool' }],
  Or: comparison(f.logicalOr),
  PRelu: ([x, slope]) => [
    { tensor: f.where(f.lt(x!.tensor, 0), f.mul(x!.tensor, slope!.tensor), x!.tensor), type: x!.type },
  ],
  Pow: ([a, b]) => {
    const tensor = f.pow(a!.tensor, b!.tensor);
    return [{ tensor: f.cast(tensor, dtypeOf(a!.type)), type: a!.type }];
  },
  Reciprocal: unary(f.reciprocal),
  Relu: unary(f.relu),
  Round: unary(f.round),
  Selu: ([x], call) => {
    const [alpha, gamma] = [call.float('alpha', 1.6732632), call.float('gamma', 1.0507009)];
    return [{ tensor: f.mul(f.elu(x!.tensor, alpha), gamma), type: x!.type }];
  },
  Shrink: ([x], call) => {
    const [bias, lambd] = [call.float('bias', 0), call.float('lambd', 0.5)];
    const low = f.where(f.lt(x!.tensor, -lambd), f.add(x!.tensor, bias), 0);
    return [{ tensor: f.where(f.gt(x!.tensor, lambd), f.sub(x!.tensor, bias), low), type: x!.type }];
  },
  Sigmoid: unary(f.sigmoid),
  Sign: unary(f.sign),
  Sin: unary(f.sin),
  Sinh: unary(f.sinh),
  Softplus: unary(f.softplus),
  Softsign: unary(f.softsign),
  Sqrt: unary(f.sqrt),
  Sub: binary(f.sub),
  Sum: folded(f.add),
  Tan: unary(f.tan),
  Tanh: unary(f.tanh),
  ThresholdedRelu: ([x], call) => [
    { tensor: f.where(f.gt(x!.tensor, call.float('alpha', 1)), x!.tensor, 0), type: x!.type },
  ],
  Where: ([condition, a, b]) => [{ tensor: f.where(condition!.tensor, a!.tensor, b!.tensor), type: a!.type }],
  Xor: comparison(f.logicalXor),
};
