// crossEntropy: −ln softmax(logits)[target], by rows; its gradient is (softmax − one-hot), recomputed from
// each row's maximum and sum.
//
// Legend: R rows, V classes.
import { ShapeError } from '../../core/errors.ts';
import { formatShape, sameShape } from '../../core/shape.ts';
import { assertFloat } from '../../arguments.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';
import {
  assertLoss,
  launchCount,
  launchLosses,
  launchLossGrad,
  launchTotal,
  mustCount,
  type LossAttrs,
} from './loss-rows.ts';

const definition: OpDefinition<LossAttrs, readonly [Tensor, Tensor]> = {
  name: 'crossEntropy',
  inputs: ['logits', 'targets'],
  infer([logits, targets], attrs, needs) {
    assertFloat('crossEntropy', 'logits', logits);
    if (!sameShape(logits.shape.slice(0, -1), targets.shape) || logits.rank === 0) {
      throw new ShapeError(
        `crossEntropy: targets ${formatShape(targets.shape)} are not logits ${formatShape(logits.shape)} without the last axis`,
      );
    }
    assertLoss('crossEntropy', targets.size, logits.dim(-1), targets, attrs);
    const loss = { shape: attrs.reduction === 'none' ? targets.shape : [], dtype: 'f32' as const };
    if (!needs[0]) return [loss];
    return [loss, { shape: [targets.size, 2], dtype: 'f32' }, { shape: [1], dtype: 'f32' }];
  },
  launch(context, [logits, targets], [out, stats, savedCount], attrs) {
    const { device } = context;
    const batchRows = targets.size;
    const count = mustCount(attrs) ? (savedCount ?? emptyTensor(device, [1])) : undefined;
    if (count) launchCount(context, targets, count, attrs);
    const losses = attrs.reduction === 'none' ? out : emptyTensor(device, [batchRows]);
    launchLosses(context, { logits, targets, count, batchRows }, { losses, stats }, attrs);
    if (losses !== out) launchTotal(context, losses, out);
  },
  vjp: ({ inputs: [logits, targets], outputs: [, stats, count], attrs, grad, isUnit }) => [
    logitsGrad(
      [logits, targets, stats, mustCount(attrs) ? count : undefined, isUnit ? undefined : grad],
      attrs,
    ),
  ],
};

type GradInputs = readonly [Tensor, Tensor, Tensor, Tensor | undefined, Tensor | undefined];

const backward: OpDefinition<LossAttrs, GradInputs> = {
  name: 'crossEntropyBackward',
  inputs: ['logits', 'targets', 'stats', 'count', 'g'],
  infer: ([logits]) => [{ shape: logits.shape, dtype: logits.dtype }],
  launch(context, [logits, targets, stats, count, g], [out], attrs) {
    launchLossGrad(context, { logits, targets, count, batchRows: targets.size }, { stats, g, out }, attrs);
  },
};

const logitsGrad = defineOp(
  backward,
  (apply) =>
    (inputs: GradInputs, attrs: LossAttrs): Tensor =>
      apply(inputs, attrs)[0],
);

export interface CrossEntropyOptions {
  /** Rows with this target have loss 0 and are left out of the mean. */
  ignoreIndex?: number;
  /** Default 'mean', over the rows that are not ignored (0 when all are). */
  reduction?: 'mean' | 'sum' | 'none';
  /** Share of the target's weight that is spread over all classes (Szegedy et al. 2016, §7); default 0. */
  labelSmoothing?: number;
}

/**
 * Cross-entropy of logits [..., V] against class numbers [...] (i32 or u32), in f32: a scalar, or [...] for
 * reduction 'none'. A target outside 0…V−1 that is not ignored makes the loss NaN and gives no gradient.
 * Where the logits are a product with a large vocabulary, linearCrossEntropy never holds them whole.
 */
export const crossEntropy = defineOp(
  definition,
  (apply) =>
    (
      logits: Tensor,
      targets: Tensor,
      { ignoreIndex, reduction = 'mean', labelSmoothing = 0 }: CrossEntropyOptions = {},
    ): Tensor =>
      apply([logits, targets], { ignoreIndex, reduction, labelSmoothing })[0],
);
