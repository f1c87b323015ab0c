// nllLoss: −weight[target]·logProbs[target] by rows, what crossEntropy is behind logSoftmax; with weights of classes.
//
// Legend: R rows, V classes.
import { assertFloat, assertOptions, assertSizes } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape, sameShape } from '../../core/shape.ts';
import { runRows } from '../../kernel/rows.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { defineOp, kernelOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { assertLoss, countsWgsl, launchTotal, type LossAttrs } from './loss-rows.ts';

export type NllAttrs = Omit<LossAttrs, 'labelSmoothing'>;
export type NllInputs = readonly [Tensor, Tensor, Tensor | undefined];

const shared = (V: number, attrs: NllAttrs, weight: Tensor | undefined): string => wgsl`
${countsWgsl(attrs)}
fn weightOf(t: u32) -> f32 {
  if (!counts(t) || t >= ${V}u) { return 0.0f; }
  return ${weight ? 'f32(weight[t])' : '1.0f'};
}`;

const definition: OpDefinition<NllAttrs, NllInputs> = {
  name: 'nllLoss',
  inputs: ['logProbs', 'targets', 'weight'],
  infer([logProbs, targets, weight], attrs) {
    assertFloat('nllLoss', 'logProbs', logProbs);
    if (!sameShape(logProbs.shape.slice(0, -1), targets.shape) || logProbs.rank === 0)
      throw new ShapeError(
        `nllLoss: targets ${formatShape(targets.shape)} are not logProbs ${formatShape(logProbs.shape)} without the last axis`,
      );
    assertLoss('nllLoss', targets.size, logProbs.dim(-1), targets, { ...attrs, labelSmoothing: 0 });
    if (weight) {
      assertFloat('nllLoss', 'weight', weight);
      assertSizes('nllLoss', `weight ${formatShape(weight.shape)}`, weight.size, logProbs.dim(-1));
    }
    const shape = attrs.reduction === 'none' ? targets.shape : [];
    // Hidden: the losses of rows, and what the mean divides by.
    return [
      { shape, dtype: 'f32' },
      { shape: targets.shape, dtype: 'f32' },
      { shape: [1], dtype: 'f32' },
    ];
  },
  launch(context, [logProbs, targets, weight], [out, perRow, divisor], attrs) {
    const V = logProbs.dim(-1);
    const losses = attrs.reduction === 'none' ? out : perRow;
    context.run({
      name: 'nllLoss',
      read: { x: logProbs, targets, weight },
      write: { losses },
      threads: targets.size,
      code: wgsl`${shared(V, attrs, weight)}
fn thread(r: u32) {
  let t = u32(targets[r]);
  var loss = 0.0f;
  if (counts(t)) {
    if (t < ${V}u) { loss = -weightOf(t) * f32(x[r * ${V}u + t]); } else { loss = notANumber(); }
  }
  losses[r] = loss;
}`,
    });
    if (attrs.reduction === 'none') return;
    launchTotal(context, losses, out);
    if (attrs.reduction === 'sum') return;
    runRows(context, {
      name: 'nllLoss mean',
      rows: 1,
      length: targets.size,
      read: { targets: targets.size > 0 ? targets : undefined, weight },
      write: { divisor, out },
      code: wgsl`${shared(V, attrs, weight)}
fn row(r: u32, lane: u32) {
  var part = 0.0f;
  ${targets.size > 0 && `for (var c = lane; c < ${targets.size}u; c += LANES) { part += weightOf(u32(targets[c])); }`}
  let total = sumLanes(lane, part);
  if (lane == 0u) {
    divisor[0] = select(total, 1.0f, total == 0.0f);
    out[0] = out[0] / divisor[0];
  }
}`,
    });
  },
  vjp: ({ inputs: [logProbs, targets, weight], outputs: [, , divisor], attrs, grad, needs }) => [
    needs[0]
      ? backward(
          [logProbs, targets, weight, attrs.reduction === 'mean' ? divisor : undefined, grad],
          attrs,
        )[0]
      : undefined,
    undefined,
    undefined,
  ],
};

const backward = kernelOp(
  'nllLossBackward',
  ([x]: readonly [...NllInputs, Tensor | undefined, Tensor]) => [{ shape: x.shape, dtype: x.dtype }],
  ({ run }, [x, targets, weight, divisor, g], [out], attrs: NllAttrs) => {
    const V = x.dim(-1);
    run({
      read: { targets, weight, divisor, g },
      write: { out },
      threads: out.size,
      code: wgsl`${shared(V, attrs, weight)}
fn thread(i: u32) {
  let r = i / ${V}u;
  let t = u32(targets[r]);
  var v = 0.0f;
  if (t == i % ${V}u && counts(t)) { v = -weightOf(t) * g[${attrs.reduction === 'none' ? 'r' : '0'}]${divisor && ' / divisor[0]'}; }
  out[i] = out_t(v);
}`,
    });
  },
);

export interface NllLossOptions {
  /** Rows with this target have loss 0 and are left out of the mean. */
  ignoreIndex?: number;
  /** Default 'mean': the sum over Σ weight[target] of the rows that are not ignored (0 when all are). */
  reduction?: 'mean' | 'sum' | 'none';
  /** What each class's loss is multiplied by [V]; no gradient flows into it. */
  weight?: Tensor;
}

/**
 * −weight[target]·logProbs[target] of log-probabilities [..., V] and class numbers [...] (i32 or u32): a scalar, or [...] for
 * reduction 'none'; f32. A target outside 0…V−1 that is not ignored makes the loss NaN and gives no gradient.
 * @example
 * const loss = nllLoss(logSoftmax(logits), targets, { weight });
 */
export const nllLoss = defineOp(
  definition,
  (apply) =>
    (logProbs: Tensor, targets: Tensor, options: NllLossOptions = {}): Tensor => {
      assertOptions('nllLoss', options, ['ignoreIndex', 'reduction', 'weight']);
      const { ignoreIndex, reduction = 'mean', weight } = options;
      return apply([logProbs, targets, weight?.detach()], { ignoreIndex, reduction })[0];
    },
);
