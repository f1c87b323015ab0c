// ONNX's pointwise operators.
import * as f from '../../../../src/node.ts';
import type { Tensor } from '../../../../src/node.ts';
import type { Rule, Rules } from '../value.ts';

/** One operand; the result has its type. */
const unary =
  (of: (x: Tensor) => Tensor): Rule =>
  ([x]) => [{ tensor: of(x!.tensor), type: x!.type }];

/** Two operands, broadcast; the result has the first one's type. */
const binary =
  (of: (a: Tensor, b: Tensor) => Tensor): Rule =>
  ([a, b]) => [{ tensor: of(a!.tensor, b!.tensor), type: a!.type }];

export const pointwise: Rules = {
  Add: binary(f.add),
  Sub: binary(f.sub),
  Mul: binary(f.mul),
  Div: binary(f.div),
  Relu: unary(f.relu),
  Exp: unary(f.exp),
  Log: unary(f.log),
  Sqrt: unary(f.sqrt),
  Tanh: unary(f.tanh),
  Sigmoid: unary(f.sigmoid),
};
