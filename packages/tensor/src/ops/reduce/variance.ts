// var and std: the mean is taken first and the squares about it second, so that a large mean costs no digits.
import { assertFloat, assertNumber } from '../../arguments.ts';
import { seenAs } from '../../kernel/bindable.ts';
import { runPointwise } from '../../kernel/pointwise.ts';
import { f32Literal } from '../../kernel/wgsl.ts';
import { kernelOp, type Op } from '../../op.ts';
import type { Bindable } from '../../kernel/bindable.ts';
import type { LaunchContext } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import type { Places, ReduceOptions } from './axes.ts';
import { defineReduction, resultView, viewOf, type ReduceSignature } from './define-reduction.ts';
import { runReduction } from './run-reduction.ts';
import { sumFold } from './sum.ts';

interface Correction {
  /** The squares' sum is divided by n − correction: 1 for a sample's variance (the default), 0 for a population's. */
  correction?: number;
}
export type VarianceOptions = ReduceOptions & Correction;

const divisor = ({ n }: Places, { correction = 1 }: Correction): number => Math.max(0, n - correction);

/** Means and variances (or their roots) of [outer, n, inner], both [outer, inner]. */
export function launchVariance(
  context: LaunchContext,
  x: Bindable,
  { variance, mean }: { variance: Bindable; mean: Bindable },
  { correction, isRoot, ...places }: Places & Correction & { isRoot?: boolean },
): void {
  const by = divisor(places, { correction });
  const fold = sumFold('mean', x.dtype, places.n);
  runReduction(context, { ...places, x, out: mean, fold });
  const share = by === 0 ? 'acc * F(notANumber())' : `acc / F(${f32Literal(by)})`;
  runReduction(context, {
    ...places,
    x,
    out: variance,
    centres: { mean },
    fold: {
      ...fold,
      name: isRoot ? 'std' : 'var',
      load: '(v - mean) * (v - mean)',
      finish: isRoot ? `sqrt(${share})` : share,
    },
  });
}

const slopes = kernelOp<Places & Correction & { isRoot: boolean }, readonly [Tensor, Tensor, Tensor, Tensor]>(
  'varBackward',
  ([x]) => [{ shape: x.shape, dtype: x.dtype }],
  (context, [x, mean, y, g], [out], { isRoot, correction, ...places }) => {
    const shape = resultView(places);
    const scale = f32Literal((isRoot ? 1 : 2) / divisor(places, { correction }));
    const slope = `g * V(${scale}) * (x - mean)`;
    runPointwise(context, {
      name: isRoot ? 'std backward' : 'var backward',
      read: {
        x: seenAs(x, viewOf(places)),
        mean: seenAs(mean, shape),
        g: seenAs(g, shape),
        ...(isRoot && { y: seenAs(y, shape) }),
      },
      out: seenAs(out, viewOf(places)),
      // Where all are equal the root has no slope; PyTorch gives 0 there.
      value: isRoot ? `select(${slope} / y, V(0.0), y == V(0.0))` : slope,
    });
  },
);

function defineVariance(name: 'var' | 'std'): Op<ReduceSignature<Correction>> {
  const isRoot = name === 'std';
  return defineReduction<Correction>({
    inner: {
      name,
      inputs: ['x'],
      infer: ([x], { shape }) => [
        { shape, dtype: x.dtype },
        { shape, dtype: 'f32' },
      ],
      launch: (context, [x], [variance, mean], attrs) =>
        launchVariance(context, x, { variance, mean }, { ...attrs, isRoot }),
      vjp: ({ inputs: [x], outputs: [y, mean], attrs, grad }) =>
        slopes([x, mean, y, grad], { ...attrs, isRoot }),
    },
    others: ['correction'],
    assert(x, { correction }) {
      assertFloat(name, 'x', x);
      if (correction !== undefined) assertNumber(name, 'correction', correction);
    },
  });
}

const variance = defineVariance('var');
/**
 * Variance over `axis` (everything by default), Σ (x − mean)² / (n − correction) with `correction` 1 by default; NaN where
 * n ≤ correction, as in PyTorch.
 * @example
 * var(x, -1, { correction: 0 }); // what layerNorm divides by
 */
export { variance as var };

/** Standard deviation over `axis` (everything by default): the root of {@link variance}. Its gradient is 0 where all are equal. */
export const std = defineVariance('std');
