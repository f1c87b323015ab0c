// The cross-entropy losses in float64, for the checks of crossEntropy and linearCrossEntropy.
import type { RefArray } from '../../check.ts';
import type { LossAttrs } from './loss-rows.ts';

/** Losses in float64: one per row for 'none', else one number. */
export function lossRef(
  logits: RefArray,
  targets: RefArray,
  attrs: LossAttrs,
  weights?: RefArray,
): Float64Array {
  const { ignoreIndex, reduction, labelSmoothing: eps } = attrs;
  const V = logits.shape.at(-1)!;
  const losses = Float64Array.from(targets.data, (t, r) => {
    if (t === ignoreIndex) return 0;
    const row = logits.data.subarray(r * V, (r + 1) * V);
    const m = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const logSum = Math.log(row.reduce((a, b) => a + Math.exp(b - m), 0));
    const mean = row.reduce((a, b) => a + b - m, 0) / V;
    return (weights ? weights.data[r] : 1) * (logSum - (1 - eps) * (row[t] - m) - eps * mean);
  });
  if (reduction === 'none') return losses;
  const total = losses.reduce((a, b) => a + b, 0);
  const counted = targets.data.reduce((n, t) => n + (t === ignoreIndex ? 0 : 1), 0);
  return Float64Array.of(reduction === 'mean' ? total / Math.max(1, counted) : total);
}
