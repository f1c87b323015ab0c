// The training steps by their ids.
import { clipcapStep, smallStep, type StepSizes } from './step-values.ts';

/** One training step; its id names it on the command line and in the JSON. */
export interface StepWork {
  sizes: StepSizes;
  /** How this engine stores the frozen matrices; a peer computes in f32 with the same, rounded values. */
  weights: 'f32' | 'f16';
}

export const trainingStep = 'training-step';
export const clipcapF32 = 'clipcap-step';
export const clipcapF16 = 'clipcap-step-f16';

const usualBatch = clipcapStep().B;

/** The id of the ClipCap-sized step at a batch: ClipCap's own is not named. */
export const clipcapId = (id: typeof clipcapF32 | typeof clipcapF16, batch = usualBatch): string =>
  batch === usualBatch ? id : `${id}-b${batch}`;

/** Undefined for an id that is no training step's. */
export function stepWork(id: string): StepWork | undefined {
  if (id === trainingStep) return { sizes: smallStep, weights: 'f32' };
  const found = /^clipcap-step(-f16)?(?:-b(\d+))?$/.exec(id);
  if (!found) return undefined;
  const [, f16, batch = usualBatch] = found;
  return { sizes: clipcapStep({ B: Number(batch) }), weights: f16 ? 'f16' : 'f32' };
}
