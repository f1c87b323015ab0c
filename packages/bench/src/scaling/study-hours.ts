// How long a study of prefix lengths takes, on one machine and on several.
import type { StepSizes } from '../training-step/step-values.ts';
import { stepKernels, totalOf } from './step-kernels.ts';

/** Pictures of COCO's training split as Karpathy & Fei-Fei (2015) divide it: train and restval. */
export const cocoPictures = 113_287;

export interface StudyOptions {
  /** Examples per epoch: pictures, each with one of its captions, or captions. */
  examples: number;
  epochs: number;
  /** Operations per second that trainings reach, in 1e12. */
  teraflops: number;
}

/** Hours of one training; the last batch is dropped where it is not full. */
export function trainingHours(sizes: StepSizes, { examples, epochs, teraflops }: StudyOptions): number {
  const steps = Math.floor(examples / sizes.B) * epochs;
  return (steps * totalOf(stepKernels(sizes)).flops) / (teraflops * 1e12) / 3600;
}

/**
 * Hours until the last of several trainings is done that `machines` take one by one, the longest first (Graham 1969):
 * they need nothing of each other.
 */
export function hoursOn(machines: number, trainings: readonly number[]): number {
  const busy = new Array<number>(machines).fill(0);
  for (const hours of [...trainings].sort((a, b) => b - a)) {
    const next = busy.indexOf(Math.min(...busy));
    busy[next] += hours;
  }
  return Math.max(...busy);
}
