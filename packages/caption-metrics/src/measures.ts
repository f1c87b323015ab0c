// One list of a run's scores that tables and significance tests go through, whatever the metric.
import { bleuOf, sumBleuCounts, type BleuCounts } from './bleu.ts';
import { meteorOf, sumMeteorCounts, type MeteorResult } from './meteor.ts';
import { nistOf, sumNistCounts, type NistResult } from './nist.ts';

export const measureNames = [
  'bleu-1',
  'bleu-2',
  'bleu-3',
  'bleu-4',
  'smoothed-bleu',
  'rouge-l',
  'meteor',
  'cider-d',
  'nist',
  'clip-score',
  'ref-clip-score',
  'spice',
] as const;
export type MeasureName = (typeof measureNames)[number];

/** A score over a corpus that can be computed again on a resample of its images. */
export interface Measure {
  name: MeasureName;
  /** How reports call it; says what METEOR contains and that SPICE was imported. */
  label: string;
  /** By how much it is usually multiplied in print: 100, or 1 for NIST. */
  scale: number;
  value: number;
  /**
   * The score of the corpus in which image `i` occurs `times[i]` times. What comes from the references as a whole
   * (CIDEr's document frequencies, NIST's information) stays as it is.
   */
  resampled(times: ArrayLike<number>): number;
}

/** A measure that is a mean over images. */
export function meanMeasure(name: MeasureName, label: string, perImage: readonly number[]): Measure {
  const resampled = (times: ArrayLike<number>): number => {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < perImage.length; i++) {
      sum += times[i] * perImage[i];
      count += times[i];
    }
    return sum / count;
  };
  return { name, label, scale: 100, value: resampled(new Uint8Array(perImage.length).fill(1)), resampled };
}

/** BLEU-1..4, which share their counts. */
export function bleuMeasures(counts: readonly BleuCounts[]): Measure[] {
  let lastTimes: ArrayLike<number> | undefined;
  let last = bleuOf(sumBleuCounts(counts));
  const whole = last;
  // Asked once per order for the same resample.
  const all = (times: ArrayLike<number>): typeof whole => {
    if (times !== lastTimes) {
      last = bleuOf(sumBleuCounts(counts, times));
      lastTimes = times;
    }
    return last;
  };
  return whole.map((value, n) => ({
    name: measureNames[n],
    label: `BLEU-${n + 1}`,
    scale: 100,
    value,
    resampled: (times) => all(times)[n],
  }));
}

export function meteorMeasure({ meteor: value, label, counts }: MeteorResult): Measure {
  const resampled = (times: ArrayLike<number>): number => meteorOf(sumMeteorCounts(counts, times));
  return { name: 'meteor', label, scale: 100, value, resampled };
}

export function nistMeasure({ nist: value, counts }: NistResult): Measure {
  const resampled = (times: ArrayLike<number>): number => nistOf(sumNistCounts(counts, times));
  return { name: 'nist', label: 'NIST', scale: 1, value, resampled };
}
