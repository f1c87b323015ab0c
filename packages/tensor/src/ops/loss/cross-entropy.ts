// crossEntropy: −ln softmax(logits)[target], by rows; its gradient is (softmax − one-hot), recomputed from
// each row's maximum and sum.
//
// Legend: R rows, V classes.
import { ShapeError, TensorError } from '../../core/errors.ts';
import { formatShape, sameShape } from '../../core/shape.ts';
import { isFloat } from '../../dtype/dtype.ts';
import { assertFloat, assertOptions, assertTensor } from '../../arguments.ts';
import { defineOp, kernelOp, type OpDefinition } from '../../op.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';
import { affine, mul } from '../binary/arithmetic.ts';
import { sum } from '../reduce/sum.ts';
import { logSoftmax } from '../rows/softmax.ts';
import { cast } from '../unary/cast.ts';
import { nllLoss } from './nll-loss.ts';
import { reduceLoss } from './loss-values.ts';
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
    )[0],
  ],
};

type GradInputs = readonly [Tensor, Tensor, Tensor, Tensor | undefined, Tensor | undefined];

const logitsGrad = kernelOp(
  'crossEntropyBackward',
  ([logits]: GradInputs) => [{ shape: logits.shape, dtype: logits.dtype }],
  (context, [logits, targets, stats, count, g], [out], attrs: LossAttrs) =>
    launchLossGrad(context, { logits, targets, count, batchRows: targets.size }, { stats, g, out }, attrs),
);

export interface CrossEntropyOptions {
  /** Rows with this target have loss 0 and are left out of the mean. */
  ignoreIndex?: number;
  /** Default 'mean', over the rows that are not ignored (0 when all are). */
  reduction?: 'mean' | 'sum' | 'none';
  /** Share of the target's weight that is spread over all classes (Szegedy et al. 2016, §7); default 0. */
  labelSmoothing?: number;
  /**
   * What each class's loss is multiplied by [V]; no gradient flows into it. The mean is then over Σ weight[target], or,
   * with probabilities as targets, over the rows.
   */
  weight?: Tensor;
}

const toF32 = (t: Tensor): Tensor => (t.dtype === 'f32' ? t : cast(t, 'f32'));

/** −Σ p·ln softmax(logits) by rows, of probabilities p. */
function softCrossEntropy(
  logits: Tensor,
  targets: Tensor,
  { ignoreIndex, reduction = 'mean', labelSmoothing = 0, weight }: CrossEntropyOptions,
): Tensor {
  if (ignoreIndex !== undefined)
    throw new TensorError('crossEntropy: ignoreIndex is for class numbers, but targets are probabilities');
  const V = logits.dim(-1);
  const smoothed = labelSmoothing > 0 ? affine(targets, 1 - labelSmoothing, labelSmoothing / V) : targets;
  const parts = mul(smoothed, logSoftmax(toF32(logits)));
  const losses = affine(sum(weight ? mul(parts, weight.detach()) : parts, { axis: -1 }), -1);
  return reduceLoss('crossEntropy', losses, reduction);
}

/**
 * Cross-entropy of logits [..., V], in f32: a scalar, or [...] for reduction 'none'.
 *
 * Targets are class numbers [...] (i32 or u32), or probabilities [..., V] (f32 or f16), which get a gradient too. A class
 * number outside 0…V−1 that is not ignored makes the loss NaN and gives no gradient. An ignored row counts for nothing, even
 * if it holds NaN, and its gradient is zeros; NaN in any other row makes the loss NaN.
 * Where the logits are a product with a large vocabulary, linearCrossEntropy never holds them whole.
 * @throws ShapeError when targets do not fit the logits
 * @example
 * const loss = crossEntropy(logits, labels, { ignoreIndex: -100 });
 */
export const crossEntropy = defineOp(
  definition,
  (apply) =>
    (logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor => {
      assertOptions('crossEntropy', options, ['ignoreIndex', 'reduction', 'labelSmoothing', 'weight']);
      const { ignoreIndex, reduction = 'mean', labelSmoothing = 0, weight } = options;
      assertTensor('crossEntropy', 'targets', targets);
      if (isFloat(targets.dtype) && sameShape(logits.shape, targets.shape))
        return softCrossEntropy(logits, targets, options);
      if (!weight) return apply([logits, targets], { ignoreIndex, reduction, labelSmoothing })[0];
      if (labelSmoothing > 0)
        throw new TensorError(
          'crossEntropy: weight together with labelSmoothing is for probabilities only; give the targets as such',
        );
      return nllLoss(logSoftmax(toF32(logits)), targets, { ignoreIndex, reduction, weight });
    },
);
