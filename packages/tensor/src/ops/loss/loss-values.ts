// The kernels of element-by-element losses, forward and backward, and the reductions that all of them offer.
import { assertChoice, assertFloat } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { broadcastShapes, formatShape, sameShape } from '../../core/shape.ts';
import { runPointwise } from '../../kernel/pointwise.ts';
import { f32Literal } from '../../kernel/wgsl.ts';
import { applyOp, kernelOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { sumTo } from '../binary/sum-to.ts';
import { mean, sum } from '../reduce/sum.ts';
import { lossRules, type LossRule, type LossRuleName } from './pointwise-rules.ts';

export type Reduction = 'mean' | 'sum' | 'none';

interface ValueAttrs {
  rule: LossRuleName;
  /** The loss's name in errors and profiles. */
  op: string;
  parameters: readonly number[];
}

type ValueInputs = readonly [Tensor, Tensor, Tensor | undefined];

const operands = ([x, y, z]: ValueInputs): Record<string, Tensor> => (z ? { x, y, z } : { x, y });

const slope = kernelOp(
  'lossBackward',
  (inputs: readonly [Tensor, ...ValueInputs], { wrt }: ValueAttrs & { wrt: number }) => [
    { shape: inputs[1].shape, dtype: inputs[wrt + 1]!.dtype },
  ],
  (context, [g, ...inputs], [out], { rule, op, parameters, wrt }) => {
    const { prelude = [], slopes }: LossRule = lossRules[rule];
    const value = `g * (${slopes[wrt](parameters.map(f32Literal))})`;
    runPointwise(context, { name: `${op} backward`, read: { g, ...operands(inputs) }, out, prelude, value });
  },
);

const definition: OpDefinition<ValueAttrs, ValueInputs> = {
  name: 'lossValues',
  infer: ([x]) => [{ shape: x.shape, dtype: 'f32' }],
  launch(context, inputs, [out], { rule, op, parameters }) {
    const { prelude = [], value }: LossRule = lossRules[rule];
    const text = value(parameters.map(f32Literal));
    runPointwise(context, { name: op, read: operands(inputs), out, prelude, value: text });
  },
  // A loss is constant between labels: those have no slope, and their gradient is zeros.
  vjp: ({ inputs, attrs, grad, needs }) =>
    inputs.map((input, wrt) =>
      input && needs[wrt] && wrt < lossRules[attrs.rule].slopes.length
        ? sumTo(slope([grad, ...inputs], { ...attrs, wrt })[0], input.shape)
        : undefined,
    ),
};

/**
 * The losses of all elements, f32, of x's shape; `y` has it too, `z` one that broadcasts to it.
 * @throws ShapeError when the shapes differ
 */
export function lossValues(
  op: string,
  rule: LossRuleName,
  [x, y, z]: ValueInputs,
  parameters: readonly number[] = [],
): Tensor {
  assertFloat(op, 'input', x);
  assertFloat(op, 'target', y);
  if (!sameShape(x.shape, y.shape))
    throw new ShapeError(
      `${op}: input ${formatShape(x.shape)} and target ${formatShape(y.shape)} differ in shape`,
    );
  if (z && !sameShape(broadcastShapes(op, x.shape, z.shape), x.shape))
    throw new ShapeError(
      `${op}: ${formatShape(z.shape)} does not broadcast to input ${formatShape(x.shape)}`,
    );
  return applyOp(definition, [x, y, z], { rule, op, parameters })[0];
}

/** Mean, sum, or the losses themselves. */
export function reduceLoss(op: string, losses: Tensor, reduction: Reduction): Tensor {
  assertChoice(op, 'reduction', reduction, ['mean', 'sum', 'none']);
  if (reduction === 'none') return losses;
  return reduction === 'sum' ? sum(losses) : mean(losses);
}
