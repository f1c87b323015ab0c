// mseLoss, l1Loss, huberLoss, smoothL1Loss, binaryCrossEntropy, binaryCrossEntropyWithLogits, klDiv, hingeEmbeddingLoss,
// cosineSimilarity and cosineEmbeddingLoss: PyTorch's functional losses of two tensors of one shape.
//
// Values are f32. Gradients go to input and target alike, where the target is no label. NaN in gives NaN out.
import { assertChoice, assertNumber, assertOptions } from '../../arguments.ts';
import { defineOp, type CompositeDefinition, type Op } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { affine, mul } from '../binary/arithmetic.ts';
import { sum } from '../reduce/sum.ts';
import { l2Normalize } from '../rows/l2-normalize.ts';
import { lossValues, reduceLoss, type Reduction } from './loss-values.ts';

export interface LossOptions {
  /** Default 'mean', over all elements. */
  reduction?: Reduction;
}

type Pair = readonly [Tensor, Tensor];
type Loss<O> = Op<(input: Tensor, target: Tensor, options?: O) => Tensor>;

/** A loss of two tensors: `compose` gets the options as the user gave them, names checked. */
function defineLoss<O extends object>(
  name: string,
  known: readonly string[],
  compose: (inputs: Pair, options: O) => Tensor,
): Loss<O> {
  const definition: CompositeDefinition<O, Pair> = {
    name,
    inputs: ['input', 'target'],
    compose: (inputs, options) => [compose(inputs, options)],
  };
  return defineOp(definition, (apply) => (input: Tensor, target: Tensor, options = {} as O): Tensor => {
    assertOptions(name, options, ['reduction', ...known]);
    return apply([input, target], options)[0];
  });
}

/**
 * (input − target)².
 * @example
 * const loss = mseLoss(model(x), y);
 */
export const mseLoss: Loss<LossOptions> = defineLoss('mseLoss', [], ([x, y], { reduction = 'mean' }) =>
  reduceLoss('mseLoss', lossValues('mseLoss', 'mseLoss', [x, y, undefined]), reduction),
);

/** |input − target|; its slope at 0 is 0. */
export const l1Loss: Loss<LossOptions> = defineLoss('l1Loss', [], ([x, y], { reduction = 'mean' }) =>
  reduceLoss('l1Loss', lossValues('l1Loss', 'l1Loss', [x, y, undefined]), reduction),
);

export interface HuberLossOptions extends LossOptions {
  /** Where the parabola ends and the straight lines begin; default 1. */
  delta?: number;
}

/** ½d² where |d| ≤ delta, delta·(|d| − ½delta) beyond, d = input − target. */
export const huberLoss: Loss<HuberLossOptions> = defineLoss(
  'huberLoss',
  ['delta'],
  ([x, y], { reduction = 'mean', delta = 1 }) => {
    assertNumber('huberLoss', 'delta', delta, { min: Number.MIN_VALUE });
    return reduceLoss(
      'huberLoss',
      lossValues('huberLoss', 'huberLoss', [x, y, undefined], [delta]),
      reduction,
    );
  },
);

export interface SmoothL1LossOptions extends LossOptions {
  /** Where the parabola ends and the straight lines begin; default 1, and with 0 it is {@link l1Loss}. */
  beta?: number;
}

/** ½d²/beta where |d| < beta, |d| − ½beta beyond, d = input − target. */
export const smoothL1Loss: Loss<SmoothL1LossOptions> = defineLoss(
  'smoothL1Loss',
  ['beta'],
  ([x, y], { reduction = 'mean', beta = 1 }) => {
    assertNumber('smoothL1Loss', 'beta', beta, { min: 0 });
    const values =
      beta === 0
        ? lossValues('smoothL1Loss', 'l1Loss', [x, y, undefined])
        : affine(lossValues('smoothL1Loss', 'huberLoss', [x, y, undefined], [beta]), 1 / beta);
    return reduceLoss('smoothL1Loss', values, reduction);
  },
);

export interface BinaryCrossEntropyOptions extends LossOptions {
  /** What the loss of each element is multiplied by; broadcasts to input. */
  weight?: Tensor;
}

/** Losses times their weights. */
const weighted = (losses: Tensor, weight: Tensor | undefined): Tensor =>
  weight ? mul(losses, weight) : losses;

/**
 * −y·ln p − (1 − y)·ln(1 − p) of probabilities p in 0 … 1, logarithms at least −100; NaN outside. From logits take
 * {@link binaryCrossEntropyWithLogits}, which is exact where p is close to 0 or 1.
 */
export const binaryCrossEntropy: Loss<BinaryCrossEntropyOptions> = defineLoss(
  'binaryCrossEntropy',
  ['weight'],
  ([x, y], { reduction = 'mean', weight }) => {
    const values = lossValues('binaryCrossEntropy', 'binaryCrossEntropy', [x, y, undefined]);
    return reduceLoss('binaryCrossEntropy', weighted(values, weight), reduction);
  },
);

export interface BinaryCrossEntropyWithLogitsOptions extends BinaryCrossEntropyOptions {
  /** What the loss of positives is multiplied by; broadcasts to input. */
  posWeight?: Tensor;
}

/**
 * Binary cross-entropy of σ(input): (1 − y)·ln(1 + e^x) + posWeight·y·ln(1 + e^−x).
 * @example
 * const loss = binaryCrossEntropyWithLogits(logits, labels, { posWeight }); // logits, labels [B, C], posWeight [C]
 */
export const binaryCrossEntropyWithLogits: Loss<BinaryCrossEntropyWithLogitsOptions> = defineLoss(
  'binaryCrossEntropyWithLogits',
  ['weight', 'posWeight'],
  ([x, y], { reduction = 'mean', weight, posWeight }) => {
    const op = 'binaryCrossEntropyWithLogits';
    const rule = posWeight ? 'weightedBinaryCrossEntropyWithLogits' : op;
    return reduceLoss(op, weighted(lossValues(op, rule, [x, y, posWeight]), weight), reduction);
  },
);

export interface KlDivOptions {
  /** Default 'mean', over all elements as in PyTorch; the divergence itself is 'batchMean', the sum over the first axis's size. */
  reduction?: Reduction | 'batchMean';
  /** The target, too, is given as logarithms; default false. */
  logTarget?: boolean;
}

/** target·(ln target − input): the Kullback–Leibler divergence of log-probabilities `input` from probabilities `target`. */
export const klDiv: Loss<KlDivOptions> = defineLoss(
  'klDiv',
  ['logTarget'],
  ([x, y], { reduction = 'mean', logTarget = false }) => {
    assertChoice('klDiv', 'reduction', reduction, ['mean', 'sum', 'none', 'batchMean']);
    const values = lossValues('klDiv', logTarget ? 'klDivLog' : 'klDiv', [x, y, undefined]);
    return reduction === 'batchMean'
      ? affine(sum(values), 1 / x.dim(0))
      : reduceLoss('klDiv', values, reduction);
  },
);

export interface MarginOptions extends LossOptions {
  /** Distance from which on negatives cost nothing; default 1. */
  margin?: number;
}

/** input where the target is 1, max(0, margin − input) where it is −1. */
export const hingeEmbeddingLoss: Loss<MarginOptions> = defineLoss(
  'hingeEmbeddingLoss',
  ['margin'],
  ([x, y], { reduction = 'mean', margin = 1 }) => {
    const op = 'hingeEmbeddingLoss';
    assertNumber(op, 'margin', margin);
    return reduceLoss(op, lossValues(op, op, [x, y, undefined], [margin]), reduction);
  },
);

const cosineDefinition: CompositeDefinition<{ eps: number }, Pair> = {
  name: 'cosineSimilarity',
  inputs: ['a', 'b'],
  compose: ([a, b], { eps }) => [sum(mul(l2Normalize(a, { eps }), l2Normalize(b, { eps })), { axis: -1 })],
};

/** Cosines of the angles between the rows of a and b [..., C] → [...]; rows shorter than `eps` count as that long. */
export const cosineSimilarity = defineOp(
  cosineDefinition,
  (apply) =>
    (a: Tensor, b: Tensor, { eps = 1e-8 }: { eps?: number } = {}): Tensor =>
      apply([a, b], { eps })[0],
);

export interface CosineEmbeddingLossOptions extends LossOptions {
  /** Cosine up to which negatives cost nothing; default 0. */
  margin?: number;
}

const cosineLossDefinition: CompositeDefinition<
  CosineEmbeddingLossOptions,
  readonly [Tensor, Tensor, Tensor]
> = {
  name: 'cosineEmbeddingLoss',
  inputs: ['a', 'b', 'target'],
  compose([a, b, y], { reduction = 'mean', margin = 0 }) {
    const op = 'cosineEmbeddingLoss';
    assertNumber(op, 'margin', margin);
    return [reduceLoss(op, lossValues(op, op, [cosineSimilarity(a, b), y, undefined], [margin]), reduction)];
  },
};

/** 1 − cos(a, b) where the target is 1, max(0, cos(a, b) − margin) where it is −1: a, b [B, C], target [B]. */
export const cosineEmbeddingLoss = defineOp(
  cosineLossDefinition,
  (apply) =>
    (a: Tensor, b: Tensor, target: Tensor, options: CosineEmbeddingLossOptions = {}): Tensor => {
      assertOptions('cosineEmbeddingLoss', options, ['reduction', 'margin']);
      return apply([a, b, target], options)[0];
    },
);
