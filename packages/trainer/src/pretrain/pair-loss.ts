// The second task of the tiny CLIP's image tower: which colours does the picture show in which kinds?
//
// Whole captions are told apart as bags of words, and from a few thousand pictures a tiny tower learns slowly from
// them which colour belongs to which kind. So each pair of kind and colour has a coordinate of the feature to itself,
// which shall be `present` where the pair is in the picture, and 0 elsewhere. A mapper that is trained for minutes
// finds what lies along axes far sooner than what lies across them.
//
// Legend: B pictures per batch, D feature size, M pairs.
import type { Clip } from '@foreword/clip';
import { colours, kinds, type Scene } from '@foreword/scenes';
import {
  add,
  affine,
  concat,
  crossEntropy,
  mean,
  mul,
  reshape,
  slice,
  sub,
  type Tensor,
} from '@foreword/tensor';

/** M: every kind with every colour, kinds outermost. They are the feature's first coordinates. */
export const pairCount = kinds.length * colours.length;

/** What the coordinate of a pair that is there shall be. */
const present = 3;

/** Slope of the classifiers, in logits per coordinate from 0 to `present`. */
const slope = 10;

/** [B, M]: 1 where a group of that kind and colour is in the picture, else 0. */
export function pairTargets(scenes: readonly Scene[]): Int32Array<ArrayBuffer> {
  const targets = new Int32Array(scenes.length * pairCount);
  scenes.forEach(({ groups }, b) => {
    for (const { kind, colour } of groups) {
      const row = kinds.findIndex(({ name }) => name === kind);
      const column = colours.findIndex(({ name }) => name === colour);
      targets[b * pairCount + row * colours.length + column] = 1;
    }
  });
  return targets;
}

/**
 * Of each pair the binary cross-entropy, which says on which side of the middle its coordinate shall be, and the
 * squared distance from where it shall be (in units of `present`); summed over the pairs, averaged over the pictures.
 * @param features [B, D], D at least M
 * @param fits [B, M], i32: the targets
 * @param wanted [B, M], f32: the same numbers
 */
export function pairLoss(features: Tensor, { fits, wanted }: { fits: Tensor; wanted: Tensor }): Tensor {
  const found = affine(slice(features, { axis: 1, end: pairCount }), 1 / present); // [B, M]
  // A sigmoid is a softmax over zero and the logit.
  const logits = reshape(affine(found, slope, -slope / 2), [found.size, 1]);
  const classes = concat([affine(logits, 0, 0), logits], { axis: 1 }); // [B M, 2]
  const sides = crossEntropy(classes, reshape(fits, [found.size]));
  const error = sub(found, wanted);
  return affine(add(sides, mean(mul(error, error))), pairCount);
}

/** How much more the pairs weigh; a power of two, so that scaling rounds nothing. */
export const favour = 16;

/**
 * Makes the coordinates that hold no pair smaller in features of pictures, and as much larger in features of texts:
 * dot products stay as they are. Trained as it is, the feature is mostly those others; a mapper's hidden layer, whose
 * initial weights are all alike, would see little of the pairs. Cosines shrink, as the norms of both sides now come from
 * different coordinates; so the logit scale goes to the largest that CLIP allows, 100.
 */
export async function favourPairs(clip: Clip): Promise<void> {
  const D = clip.config.embedDim;
  const named = clip.namedParameters();
  for (const [name, factor] of [
    ['visual.proj', 1 / favour],
    ['text_projection', favour],
  ] as const) {
    const parameter = named.get(name)!;
    const weights = await parameter.read(); // [width, D]
    parameter.write(weights.map((w, i) => (i % D < pairCount ? w : w * factor)));
  }
  clip.logitScale.write(Float32Array.of(Math.log(100)));
}

/**
 * Share of pictures whose pairs have the largest coordinates, as many as there are, by the number of groups in the
 * picture (index 0: one group).
 */
export function pairAccuracy(features: readonly Float32Array[], scenes: readonly Scene[]): number[] {
  const right: number[] = [];
  const all: number[] = [];
  const targets = pairTargets(scenes);
  features.forEach((feature, i) => {
    const own = targets.subarray(i * pairCount, (i + 1) * pairCount);
    const best = Array.from(own, (_, m) => m).sort((a, b) => feature[b] - feature[a]);
    const count = own.reduce((a, b) => a + b, 0);
    const at = scenes[i].groups.length - 1;
    all[at] = (all[at] ?? 0) + 1;
    right[at] = (right[at] ?? 0) + (best.slice(0, count).every((m) => own[m] === 1) ? 1 : 0);
  });
  return right.map((n, i) => n / all[i]);
}
