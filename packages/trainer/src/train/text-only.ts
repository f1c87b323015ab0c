// Training without pictures: every caption gets CLIP's feature of itself where ClipCap takes that of its picture.
//
// CapDec (Nukrai et al. 2022) trains on text features with Gaussian noise and lets pictures take their place afterwards.
// DeCap (Li et al. 2023) trains on them as they are, and expresses each picture by a memory of text features.
// Legend: D feature size, M texts in the memory, U different texts.
import { standardised, unitVector, type FeatureSpace } from '@foreword/prefix-mapper';
import type { Split } from '../data/dataset.ts';
import { shuffledIndices, streamSeed } from '../data/random.ts';
import type { TextFeatures } from '../features/text-features.ts';
import type { TokenizedSet } from './batches.ts';

export const textOnlyMethods = ['capdec', 'decap'] as const;
export type TextOnlyMethod = (typeof textOnlyMethods)[number];

/**
 * - `l2`: features divided by their length, as in the papers.
 * - `standardised`: before that, coordinates are standardised, those of texts by the training texts, those of pictures by the
 *   training pictures, unpaired. For a CLIP whose two towers use different coordinates, as the embedded one.
 */
export const textSpaces = ['l2', 'standardised'] as const;
export type TextSpace = (typeof textSpaces)[number];

export interface TextOnlyOptions {
  method: TextOnlyMethod;
  space: TextSpace;
  /** Most texts in DeCap's memory. */
  memory: number;
  temperature: number;
  seed: number;
}

/** Sets to train on and to validate with, and what pictures have to go through to be captioned. */
export function textOnlySets(
  { train, val }: Pick<Record<Split, TokenizedSet>, 'train' | 'val'>,
  texts: Record<'train' | 'val', TextFeatures>,
  options: TextOnlyOptions,
): { train: TokenizedSet; val: TokenizedSet; space: FeatureSpace } {
  const { D } = train;
  const isStandard = options.space === 'standardised';
  const text = isStandard ? coordinateStatistics(texts.train.features, D) : undefined;
  const toUnit = ({ features }: TextFeatures): Float32Array =>
    mapRows(features, D, (row) => unitVector(text ? standardised(row, text) : row));
  // Standardised coordinates keep the size that a mapper's initial weights are made for.
  const length = isStandard ? Math.sqrt(D) : 1;
  const unit = { train: toUnit(texts.train), val: toUnit(texts.val) };
  const setOf = (set: TokenizedSet, split: 'train' | 'val'): TokenizedSet => ({
    ...set,
    features: unit[split].map((x) => length * x),
    captionRows: set.examples.map(({ captions }) => captions.map((own) => texts[split].rowOf.get(own)!)),
  });
  const space: FeatureSpace = {
    image: isStandard ? coordinateStatistics(train.features, D) : undefined,
    length,
    memory:
      options.method === 'decap'
        ? { rows: someRows(unit.train, D, options), temperature: options.temperature }
        : undefined,
  };
  return { train: setOf(train, 'train'), val: setOf(val, 'val'), space };
}

/** Mean and standard deviation of each coordinate of rows [N, D]. */
export function coordinateStatistics(
  rows: Float32Array,
  D: number,
): { mean: Float32Array; deviation: Float32Array } {
  const N = rows.length / D;
  const mean = new Float64Array(D);
  const squares = new Float64Array(D);
  rows.forEach((x, i) => (mean[i % D] += x / N));
  rows.forEach((x, i) => (squares[i % D] += (x - mean[i % D]) ** 2 / N));
  return { mean: Float32Array.from(mean), deviation: Float32Array.from(squares, Math.sqrt) };
}

function mapRows(rows: Float32Array, D: number, change: (row: Float32Array) => Float32Array): Float32Array {
  const changed = new Float32Array(rows.length);
  for (let at = 0; at < rows.length; at += D) changed.set(change(rows.subarray(at, at + D)), at);
  return changed;
}

/** At most M rows, chosen by the seed. */
function someRows(rows: Float32Array, D: number, { memory, seed }: TextOnlyOptions): Float32Array {
  const U = rows.length / D;
  if (U <= memory) return rows;
  const chosen = new Float32Array(memory * D);
  shuffledIndices(U, streamSeed(seed, 31))
    .subarray(0, memory)
    .forEach((from, to) => chosen.set(rows.subarray(from * D, (from + 1) * D), to * D));
  return chosen;
}
