// Learning rates of pretraining: linear warm-up, then half a cosine down to zero (Loshchilov & Hutter 2017).

/** The rate of the 0-based `step` out of `total`. */
export function cosineSchedule(
  step: number,
  { peak, warmup, total }: { peak: number; warmup: number; total: number },
): number {
  if (step < warmup) return (peak * (step + 1)) / warmup;
  const t = (step - warmup) / Math.max(1, total - warmup);
  return peak * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, t)));
}
