// Which examples and captions each step sees: a function of seed and epoch alone, so that a run can resume.
//
// Legend: B batch, T tokens, D feature size.
import { seededRandom, shuffledIndices, streamSeed } from '../data/random.ts';
import { featureOf, type FeatureSet } from '../features/feature-cache.ts';

export interface TokenizedSet extends FeatureSet {
  /** For each example, the token ids of each caption. */
  tokens: number[][][];
  /** For each example, the row of `features` of each caption; without it captions have that of their picture. */
  captionRows?: number[][];
}

export interface Batch {
  /** [B, D] */
  features: Float32Array;
  /** [B, T], padded with 0. */
  tokens: Int32Array;
  T: number;
  /** Tokens that are not padding. */
  tokenCount: number;
  /** Which examples they are. */
  examples: number[];
  /** What each token's loss is multiplied by [B, T]; 1 when left out. */
  weights?: Float32Array;
}

/** Columns come in multiples of this, so that a handful of plans serve all batches. */
const bucket = 8;

/** Longer captions are cut; ClipCap cuts at mean + 10 standard deviations. */
export const longestCaption = 40;

/** Examples are sorted by length inside groups of this many batches, so that short captions meet short ones. */
const groupBatches = 8;

export interface EpochOptions {
  seed: number;
  epoch: number;
  batch: number;
  /** Positions that GPT-2 has left after the prefix. */
  mostTokens: number;
}

/** One pass: every picture once, each with one of its captions, in batches of like length. The last partial batch is dropped. */
export function epochBatches(
  set: TokenizedSet,
  { seed, epoch, batch: B, mostTokens }: EpochOptions,
): Batch[] {
  const order = shuffledIndices(set.examples.length, streamSeed(seed, 11, epoch));
  const draw = seededRandom(streamSeed(seed, 12, epoch));
  const most = Math.min(longestCaption, mostTokens);
  const picked = Array.from(order, (example) => {
    const captions = set.tokens[example];
    const caption = Math.floor(draw() * captions.length);
    return { example, row: rowOf(set, example, caption), ids: captions[caption].slice(0, most) };
  });
  const batches: Batch[] = [];
  for (let from = 0; from + B <= picked.length; from += groupBatches * B) {
    const group = picked
      .slice(from, from + groupBatches * B)
      .sort((a, b) => a.ids.length - b.ids.length || a.example - b.example);
    for (let at = 0; at + B <= group.length; at += B)
      batches.push(makeBatch(set, group.slice(at, at + B), most));
  }
  const shuffled = shuffledIndices(batches.length, streamSeed(seed, 13, epoch));
  return Array.from(shuffled, (i) => batches[i]);
}

/** The row of `features` that a caption is trained with. */
export const rowOf = ({ captionRows }: TokenizedSet, example: number, caption: number): number =>
  captionRows ? captionRows[example][caption] : example;

/** Columns for captions of up to `longest` tokens. */
export const columnsFor = (longest: number, most: number): number =>
  Math.min(most, Math.ceil(longest / bucket) * bucket);

/** @param rows of features, each with the tokens that follow */
export function makeBatch(
  set: FeatureSet,
  rows: readonly { example: number; row: number; ids: readonly number[] }[],
  most: number,
): Batch {
  const longest = Math.max(...rows.map(({ ids }) => ids.length));
  const T = columnsFor(longest, most);
  const features = new Float32Array(rows.length * set.D);
  const tokens = new Int32Array(rows.length * T);
  let tokenCount = 0;
  rows.forEach(({ row, ids }, b) => {
    features.set(featureOf(set, row), b * set.D);
    tokens.set(ids.slice(0, T), b * T);
    tokenCount += Math.min(ids.length, T);
  });
  return { features, tokens, T, tokenCount, examples: rows.map(({ example }) => example) };
}
