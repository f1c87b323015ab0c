// where: one of two values, element by element.
import { assertOperand, assertTensor } from '../../arguments.ts';
import { broadcastShapes } from '../../core/shape.ts';
import { promote, promoteNumber } from '../../dtype/promote.ts';
import { isFloat, type DType } from '../../dtype/dtype.ts';
import { numberLiteral, registerType, runPointwise } from '../../kernel/pointwise.ts';
import { defineOp, kernelOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { isTrue } from '../unary/predicates.ts';
import { sumTo } from './sum-to.ts';

interface Numbers {
  a?: number;
  b?: number;
}

type Operands = readonly [condition: Tensor, a: Tensor | undefined, b: Tensor | undefined];

function dtypeOf([, a, b]: Operands, numbers: Numbers): DType {
  if (a && b) return promote(a.dtype, b.dtype);
  if (a) return promoteNumber('where', 'b', a.dtype, numbers.b!);
  if (b) return promoteNumber('where', 'a', b.dtype, numbers.a!);
  return 'f32';
}

const whereGradient = kernelOp(
  'whereGradient',
  ([, g]: readonly [Tensor, Tensor]) => [{ shape: g.shape, dtype: g.dtype }],
  (context, [c, g], [out], { taken }: { taken: boolean }) => {
    const [no, yes] = taken ? ['V(0.0)', 'g'] : ['g', 'V(0.0)'];
    const value = `select(${no}, ${yes}, ${isTrue('c', c.dtype)})`;
    runPointwise(context, { name: 'where backward', read: { c, g }, out, value });
  },
);

const definition: OpDefinition<Numbers, Operands> = {
  name: 'where',
  inputs: ['condition', 'a', 'b'],
  infer(inputs, numbers) {
    const [condition, a, b] = inputs;
    let { shape } = condition;
    if (a) shape = broadcastShapes('where', shape, a.shape);
    if (b) shape = broadcastShapes('where', shape, b.shape);
    return [{ shape, dtype: dtypeOf(inputs, numbers) }];
  },
  launch(context, [c, a, b], [out], numbers) {
    const type = registerType(out.dtype);
    const text = (name: 'a' | 'b', t: Tensor | undefined): string =>
      t ? `${type}(${name})` : numberLiteral(numbers[name]!, isFloat(out.dtype) ? 'f32' : out.dtype);
    const value = `select(${text('b', b)}, ${text('a', a)}, ${isTrue('c', c.dtype)})`;
    runPointwise(context, { name: 'where', read: { c, ...(a && { a }), ...(b && { b }) }, out, value });
  },
  vjp: ({ inputs: [condition, a, b], grad, needs }) => {
    const gradientOf = (t: Tensor | undefined, taken: boolean, isWanted: boolean): Tensor | undefined =>
      t && isWanted ? sumTo(whereGradient([condition, grad], { taken })[0], t.shape) : undefined;
    return [undefined, gradientOf(a, true, needs[1]), gradientOf(b, false, needs[2])];
  },
};

/**
 * `a` where the condition is not 0 (NaN counts as true), `b` elsewhere. All three broadcast, the condition may have any dtype, `a` and
 * `b` may be numbers (both: the result is f32). What is not taken gets a
 * gradient of 0, which an op before it with an infinite slope there turns into NaN, as in PyTorch.
 * @example
 * where(x.gt(0), x, 0);
 */
export const where = defineOp(
  definition,
  (apply) =>
    (condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor => {
      assertTensor('where', 'condition', condition);
      assertOperand('where', 'a', a);
      assertOperand('where', 'b', b);
      const tensorOf = (t: Tensor | number): Tensor | undefined => (typeof t === 'number' ? undefined : t);
      const numberOf = (t: Tensor | number): number | undefined => (typeof t === 'number' ? t : undefined);
      return apply([condition, tensorOf(a), tensorOf(b)], { a: numberOf(a), b: numberOf(b) })[0];
    },
);
