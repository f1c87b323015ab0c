// ClipCap's learning rates: linear warm-up from zero, then linear to zero at the last step.

/** The rate of the 0-based `step`; the first step of a run with warm-up has rate 0, as in ClipCap. */
export function linearSchedule(
  step: number,
  { peak, warmup, total }: { peak: number; warmup: number; total: number },
): number {
  if (step < warmup) return (peak * step) / warmup;
  return (peak * Math.max(0, total - step)) / Math.max(1, total - warmup);
}
