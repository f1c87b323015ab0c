// How binary ops are made: WGSL for f(x, y) and for both gradients, with broadcasting, promotion of dtypes, and a number in the
// place of either tensor.
import { assertFloat, assertInteger, assertOperand } from '../../arguments.ts';
import { TensorError } from '../../core/errors.ts';
import { broadcastShapes } from '../../core/shape.ts';
import { isFloat, type DType } from '../../dtype/dtype.ts';
import { promote, promoteNumber } from '../../dtype/promote.ts';
import { numberLiteral, registerType, runPointwise } from '../../kernel/pointwise.ts';
import { defineOp, kernelOp, type Op, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { fill } from '../create/fill.ts';
import { sumTo } from './sum-to.ts';

/** What a rule is told of its operands, beside their WGSL. */
export interface OperandFacts {
  /** Of the two values: float, i32 or u32. */
  dtype: 'f32' | 'i32' | 'u32';
  /** The operands that are numbers. */
  numbers: readonly [a: number | undefined, b: number | undefined];
  /** Both are the same memory, so that a compiler may take x − x for 0 and x == x for true. */
  isSame: boolean;
}

/** WGSL from the WGSL of the operands x and y, which are `V`, `VI` or `VU`. */
export type BinaryText = (x: string, y: string, facts: OperandFacts) => string;

export interface BinaryRule {
  prelude?: (dtype: OperandFacts['dtype']) => readonly string[];
  value: BinaryText;
  /** Other dtypes are refused by name; default 'all'. */
  takes?: 'floats' | 'integers' | 'all';
  /** Whole numbers are computed with as f32. */
  inFloats?: boolean;
  /** Dtype of the result; default: that of the operands. */
  result?: DType;
  /**
   * The gradients, in WGSL that may use `g`: 'g' itself where the gradient passes unchanged, 'zero' where it is 0 everywhere.
   * Without them the op has none.
   */
  gradients?: readonly [a: 'g' | 'zero' | BinaryText, b: 'g' | 'zero' | BinaryText];
}

interface Numbers {
  a?: number;
  b?: number;
}
type Operands = readonly [Tensor | undefined, Tensor | undefined];

/** The dtype of the values that an op computes with. */
function commonDType(
  name: string,
  [a, b]: Operands,
  numbers: Numbers,
  { takes, inFloats }: BinaryRule,
): DType {
  const check = takes === 'floats' ? assertFloat : takes === 'integers' ? assertInteger : () => undefined;
  if (a) check(name, 'a', a);
  if (b) check(name, 'b', b);
  const dtype =
    a && b
      ? promote(a.dtype, b.dtype)
      : a
        ? promoteNumber(name, 'b', a.dtype, numbers.b!)
        : promoteNumber(name, 'a', b!.dtype, numbers.a!);
  if (takes === 'integers') assertInteger(name, 'the number', { dtype });
  return inFloats && !isFloat(dtype) ? 'f32' : dtype;
}

const uses = (text: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(text);

/** The operands' WGSL and what rules are told of them. */
function describe([a, b]: Operands, { a: left, b: right }: Numbers, dtype: DType) {
  const type = registerType(dtype);
  const text = (name: string, t: Tensor | undefined, number: number | undefined): string => {
    if (!t) return numberLiteral(number!, dtype);
    return registerType(t.dtype) === type ? name : `${type}(${name})`;
  };
  const isSame =
    a !== undefined && b !== undefined && a.storage === b.storage && a.byteOffset === b.byteOffset;
  const facts: OperandFacts = {
    dtype: isFloat(dtype) ? 'f32' : (dtype as 'i32' | 'u32'),
    numbers: [left, right],
    isSame: isSame && a.size === b.size,
  };
  return { x: text('x', a, left), y: text('y', b, right), facts };
}

interface GradientAttrs {
  of: string;
  prelude: readonly string[];
  value: string;
}

const runGradient = kernelOp(
  'binaryGradient',
  ([g]: readonly [Tensor, Tensor | undefined, Tensor | undefined]) => [{ shape: g.shape, dtype: g.dtype }],
  (context, [g, x, y], [out], { of, prelude, value }: GradientAttrs) => {
    const read = { ...(uses(value, 'g') && { g }), ...(x && { x }), ...(y && { y }) };
    runPointwise(context, { name: `${of} backward`, read, out, prelude, value });
  },
);

export type BinaryFunction = (a: Tensor | number, b: Tensor | number) => Tensor;

/** A binary op: a function of two tensors that broadcast, or of a tensor and a number. */
export function binary(name: string, rule: BinaryRule): Op<BinaryFunction> {
  const definition: OpDefinition<Numbers, Operands> = {
    name,
    inputs: ['a', 'b'],
    infer([a, b], numbers) {
      const dtype = commonDType(name, [a, b], numbers, rule);
      const shape = a && b ? broadcastShapes(name, a.shape, b.shape) : (a ?? b)!.shape;
      // A rule may refuse a number; better before memory is taken.
      const { x, y, facts } = describe([a, b], numbers, dtype);
      rule.value(x, y, facts);
      return [{ shape, dtype: rule.result ?? dtype }];
    },
    launch(context, [a, b], [out], numbers) {
      const { x, y, facts } = describe([a, b], numbers, commonDType(name, [a, b], numbers, rule));
      const read = { ...(a && { x: a }), ...(b && { y: b }) };
      const prelude = rule.prelude?.(facts.dtype);
      runPointwise(context, { name, read, out, prelude, value: rule.value(x, y, facts) });
    },
  };
  const { gradients } = rule;
  if (gradients)
    definition.vjp = ({ inputs: [a, b], attrs, grad, needs }) => {
      const { x, y, facts } = describe([a, b], attrs, 'f32');
      const gradientOf = (operand: Tensor | undefined, side: 0 | 1): Tensor | undefined => {
        const text = gradients[side];
        if (!operand || !needs[side]) return undefined;
        if (text === 'g') return sumTo(grad, operand.shape);
        if (text === 'zero') return fill(grad.device, operand.shape, 0, { dtype: operand.dtype });
        const value = text(x, y, facts);
        const given = [uses(value, 'x') ? a : undefined, uses(value, 'y') ? b : undefined] as const;
        const prelude = rule.prelude?.('f32') ?? [];
        return sumTo(runGradient([grad, ...given], { of: name, prelude, value })[0], operand.shape);
      };
      return [gradientOf(a, 0), gradientOf(b, 1)];
    };
  return defineOp(definition, (apply) => (a, b) => {
    assertOperand(name, 'a', a);
    assertOperand(name, 'b', b);
    if (typeof a === 'number' && typeof b === 'number')
      throw new TensorError(`${name}: a and b are numbers, but at least one tensor is wanted`);
    const tensors = [typeof a === 'number' ? undefined : a, typeof b === 'number' ? undefined : b] as const;
    const numbers = { a: typeof a === 'number' ? a : undefined, b: typeof b === 'number' ? b : undefined };
    return apply(tensors, numbers)[0];
  });
}
