// Batches of pictures that look alike to the model as it is now, so that a contrastive loss has to tell near misses apart.
//
// In a batch drawn at random the background and one colour nearly always tell which caption is meant, and nothing is
// gained by looking at shapes. Pictures with like features are those the model confuses: hard negatives by the model
// itself (Xiong et al. 2021, "Approximate nearest neighbor negative contrastive learning", ANCE). Their features are
// those of the epoch before, which cost nothing.
import { shuffledIndices, streamSeed } from '../data/random.ts';
import { dot } from './vectors.ts';

export interface AlikeBatchesOptions {
  /** B, pictures per batch. */
  batch: number;
  /** Pictures that are chosen for being alike; 1 draws at random. */
  group: number;
  seed: number;
}

/** How many pictures are looked at for the nearest ones: more find nearer ones, at quadratic cost. */
const pool = 2048;

/**
 * One pass over the pictures: each batch holds B / group groups, each of one picture and those most like it. What
 * fills no batch is left out.
 * @param features one unit vector per picture
 */
export function alikeBatches(
  features: readonly Float32Array[],
  { batch: B, group, seed }: AlikeBatchesOptions,
): Int32Array[] {
  let waiting = Array.from(shuffledIndices(features.length, streamSeed(seed, 0)));
  const groups: number[][] = [];
  while (waiting.length >= group) {
    const [anchor, ...others] = waiting;
    const near = others
      .slice(0, group > 1 ? pool : 0)
      .map((i) => ({ i, likeness: dot(features[anchor], features[i]) }));
    near.sort((a, b) => b.likeness - a.likeness || a.i - b.i);
    const chosen = new Set([anchor, ...near.slice(0, group - 1).map(({ i }) => i)]);
    groups.push([...chosen]);
    waiting = waiting.filter((i) => !chosen.has(i));
  }
  // The last groups are made of leftovers; shuffled, each batch has its share of them.
  const order = shuffledIndices(groups.length, streamSeed(seed, 1));
  const all = Int32Array.from(Array.from(order, (g) => groups[g]).flat());
  return Array.from({ length: Math.floor(all.length / B) }, (_, b) => all.subarray(b * B, (b + 1) * B));
}
