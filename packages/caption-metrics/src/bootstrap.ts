// How sure a score is, and whether two runs differ: the bootstrap over images, and the spread over seeds.
import type { Measure, MeasureName } from './measures.ts';

export interface BootstrapOptions {
  /** Corpora drawn, of as many images as there are. Default 1,000. */
  resamples?: number;
  /** Default 1. The same seed and the same number of images give the same resamples. */
  seed?: number;
  /** Share of resamples inside an interval. Default 0.95. */
  level?: number;
}

export interface Interval {
  low: number;
  high: number;
}

/** A measure of run A beside run B on the same images. */
export interface MeasureComparison {
  name: MeasureName;
  label: string;
  scale: number;
  a: number;
  b: number;
  /** b − a. */
  difference: number;
  /** Of the difference. */
  interval: Interval;
  /** Probability of a difference at least this large if the runs were equally good; two-sided. */
  pValue: number;
}

const defaults = { resamples: 1000, seed: 1, level: 0.95 };

/** Numbers in [0, 1) by mulberry32 (T. Ettinger, public domain). */
function uniformFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Resamples of `images` images with replacement: how often each image was drawn. */
function* resamplesOf(images: number, { resamples, seed }: { resamples: number; seed: number }) {
  const uniform = uniformFrom(seed);
  for (let r = 0; r < resamples; r++) {
    const times = new Uint16Array(images);
    for (let i = 0; i < images; i++) times[Math.floor(uniform() * images)]++;
    yield times;
  }
}

function checked(options: BootstrapOptions): typeof defaults {
  const all = { ...defaults, ...options };
  if (!Number.isInteger(all.resamples) || all.resamples < 2) {
    throw new RangeError(`bootstrap: resamples must be a whole number of at least 2, not ${all.resamples}`);
  }
  if (!(all.level > 0 && all.level < 1)) {
    throw new RangeError(`bootstrap: level must lie between 0 and 1, not ${all.level}`);
  }
  return all;
}

/** The middle `level` of values, between the two nearest where a bound falls between two. Sorts them. */
function intervalOf(values: Float64Array, level: number): Interval {
  values.sort();
  const at = (share: number): number => {
    const place = share * (values.length - 1);
    const below = Math.floor(place);
    const above = Math.ceil(place);
    return values[below] + (place - below) * (values[above] - values[below]);
  };
  return { low: at((1 - level) / 2), high: at((1 + level) / 2) };
}

/**
 * Percentile bootstrap intervals (Efron and Tibshirani 1993) of measures over the same images.
 *
 * @param images number of images the measures were computed on
 * @returns one interval per measure, in their order
 * @throws RangeError for fewer than two resamples or a level outside 0..1
 */
export function bootstrapIntervals(
  measures: readonly Measure[],
  images: number,
  options: BootstrapOptions = {},
): Interval[] {
  const { resamples, seed, level } = checked(options);
  const drawn = measures.map(() => new Float64Array(resamples));
  let r = 0;
  for (const times of resamplesOf(images, { resamples, seed })) {
    measures.forEach((measure, m) => (drawn[m][r] = measure.resampled(times)));
    r++;
  }
  return drawn.map((values) => intervalOf(values, level));
}

/**
 * Paired bootstrap of two runs on the same images in the same order (Koehn 2004). Both are scored on the same
 * resamples; the p-value counts the resamples whose difference lies at least as far from the mean resampled difference
 * as the observed one from 0 (Riezler and Maxwell 2005; as in sacrebleu).
 *
 * @param images number of images both were computed on
 * @returns one comparison per measure that both have, in the order of `a`
 * @throws RangeError for fewer than two resamples or a level outside 0..1
 */
export function pairedBootstrap(
  a: readonly Measure[],
  b: readonly Measure[],
  images: number,
  options: BootstrapOptions = {},
): MeasureComparison[] {
  const { resamples, seed, level } = checked(options);
  const pairs = a.flatMap((ours) => {
    const theirs = b.find(({ name, label }) => name === ours.name && label === ours.label);
    return theirs ? [{ ours, theirs, differences: new Float64Array(resamples) }] : [];
  });
  let r = 0;
  for (const times of resamplesOf(images, { resamples, seed })) {
    for (const { ours, theirs, differences } of pairs) {
      differences[r] = theirs.resampled(times) - ours.resampled(times);
    }
    r++;
  }
  return pairs.map(({ ours, theirs, differences }) => {
    const difference = theirs.value - ours.value;
    const mean = differences.reduce((sum, value) => sum + value, 0) / resamples;
    const asFar = differences.filter((value) => Math.abs(value - mean) >= Math.abs(difference)).length;
    return {
      name: ours.name,
      label: ours.label,
      scale: ours.scale,
      a: ours.value,
      b: theirs.value,
      difference,
      interval: intervalOf(differences, level),
      pValue: (asFar + 1) / (resamples + 1),
    };
  });
}

/** Mean and spread of one score over runs that differ in their seed. */
export interface SeedSummary {
  mean: number;
  /** Sample standard deviation (n − 1); null for one run. */
  standardDeviation: number | null;
  runs: number;
}

/**
 * Mean ± standard deviation over seeds.
 *
 * @throws RangeError for no values
 */
export function summariseSeeds(values: readonly number[]): SeedSummary {
  if (values.length === 0) throw new RangeError('summariseSeeds: there is no value');
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    mean,
    standardDeviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null,
    runs: values.length,
  };
}
