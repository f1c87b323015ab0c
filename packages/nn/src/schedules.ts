// Learning rates as plain functions of the step, which counts from 0: the formulas of torch.optim.lr_scheduler.
import { ModuleError } from './nn-error.ts';

/** Learning rate of the 0-based step. */
export type Schedule = (step: number) => number;

/** The same rate always. */
export const constantSchedule =
  (lr: number): Schedule =>
  () =>
    lr;

export interface LinearScheduleOptions {
  from: number;
  to: number;
  /** Steps from the one to the other; `to` from then on. */
  steps: number;
}

/** Straight from one rate to another: LinearLR. */
export function linearSchedule({ from, to, steps }: LinearScheduleOptions): Schedule {
  assertSteps('linearSchedule', steps);
  return (step) => from + (to - from) * Math.min(1, step / steps);
}

export interface CosineScheduleOptions {
  peak: number;
  /** Lowest rate; default 0. */
  low?: number;
  /** Steps down to `low`; the rate stays there. */
  steps: number;
}

/** Down half a cosine wave: CosineAnnealingLR up to its T_max. PyTorch's rises again behind it, this stays low. */
export function cosineSchedule({ peak, low = 0, steps }: CosineScheduleOptions): Schedule {
  assertSteps('cosineSchedule', steps);
  return (step) => cosine(peak, low, Math.min(1, step / steps));
}

/**
 * Straight up from 0 over `steps` steps, then `after`, whose step 0 is the first behind them.
 * @example
 * const lr = warmUp(100, cosineSchedule({ peak: 3e-4, steps: 900 }));
 */
export function warmUp(steps: number, after: Schedule): Schedule {
  if (!(Number.isInteger(steps) && steps >= 0))
    throw new ModuleError(`warmUp: steps is ${steps}; a whole number from 0 is needed`);
  const peak = after(0);
  return (step) => (step < steps ? (peak * step) / steps : after(step - steps));
}

export interface OneCycleOptions {
  /** Highest rate: PyTorch's max_lr. */
  peak: number;
  /** Steps in all. */
  steps: number;
  /** Share of the steps that rise; default 0.3. */
  rise?: number;
  anneal?: 'cos' | 'linear';
  /** The first rate is peak / divFactor; default 25. */
  divFactor?: number;
  /** The last rate is the first / finalDivFactor; default 10,000. */
  finalDivFactor?: number;
  /** Falls as long as it rose, and then to the last rate; default false. */
  threePhase?: boolean;
}

/** Up and down once (Smith & Topin 2019): OneCycleLR. Beyond the last step it is an error, as in PyTorch. */
export function oneCycle({
  peak,
  steps,
  rise = 0.3,
  anneal = 'cos',
  divFactor = 25,
  finalDivFactor = 1e4,
  threePhase = false,
}: OneCycleOptions): Schedule {
  assertSteps('oneCycle', steps);
  if (!(rise > 0 && rise < (threePhase ? 0.5 : 1)))
    throw new ModuleError(
      `oneCycle: rise is ${rise}; a share above 0 and below ${threePhase ? 0.5 : 1} is needed`,
    );
  const first = peak / divFactor;
  const last = first / finalDivFactor;
  const top = rise * steps - 1;
  // [step it ends at, rate there]
  const phases: [number, number][] = threePhase
    ? [
        [top, peak],
        [2 * rise * steps - 2, first],
        [steps - 1, last],
      ]
    : [
        [top, peak],
        [steps - 1, last],
      ];
  const between = anneal === 'cos' ? cosine : (from: number, to: number, t: number) => from + (to - from) * t;
  return (step) => {
    if (!(step >= 0 && step <= steps - 1))
      throw new ModuleError(`oneCycle: step ${step} is not within its ${steps} steps`);
    let [begin, from] = [0, first];
    for (const [end, to] of phases) {
      if (step <= end) return between(from, to, (step - begin) / (end - begin));
      [begin, from] = [end, to];
    }
    return last;
  };
}

/** From the one to the other along half a cosine wave, t in [0, 1]. */
const cosine = (from: number, to: number, t: number): number =>
  to + ((from - to) / 2) * (1 + Math.cos(Math.PI * t));

function assertSteps(of: string, steps: number): void {
  if (!(Number.isInteger(steps) && steps > 0))
    throw new ModuleError(`${of}: steps is ${steps}; a whole number above 0 is needed`);
}
