// What CLIP is trained with: every image against every text of the batch, in both directions.
//
// Legend: B pairs, N images, M texts, D feature size.
import {
  add,
  affine,
  concat,
  copyInto,
  crossEntropy,
  exp,
  l2Normalize,
  matmul,
  mul,
  noGrad,
  relu,
  ShapeError,
  slice,
  sub,
  tensor,
  transpose,
  type Tensor,
} from '@foreword/tensor';

/** The largest logit scale in training: a factor of 100 (Radford et al. 2021, §2.5). */
export const maxLogitScale = Math.log(100);

/**
 * Logits of images against texts: exp(logitScale) times the cosine of their features.
 * @param imageFeatures [N, D]
 * @param textFeatures [M, D]
 * @param logitScale a scalar, the logarithm of the factor
 * @returns [N, M]: one row per image
 */
export function similarity(imageFeatures: Tensor, textFeatures: Tensor, logitScale: Tensor): Tensor {
  const cosines = matmul(l2Normalize(imageFeatures), l2Normalize(textFeatures), { transB: true });
  return mul(cosines, exp(logitScale));
}

/**
 * Mean of the two cross-entropies of pairs (image i, text i): of the texts given an image, and of the images
 * given a text (Radford et al. 2021, fig. 3).
 * @param imageFeatures [B, D]
 * @param textFeatures [B, D]
 * @param logitScale a scalar, the logarithm of the factor
 * @param options.distractors [M, D], features of further texts, which fit no image; given an image they count among
 *   the wrong texts (Yuksekgonul et al. 2023, NegCLIP)
 * @param options.alsoFits [B, B + M], 1 where text j fits image i without being its own, else 0; such texts do not
 *   count among the wrong ones
 * @throws ShapeError when there are not as many texts as images
 */
export function contrastiveLoss(
  imageFeatures: Tensor,
  textFeatures: Tensor,
  logitScale: Tensor,
  { distractors, alsoFits }: { distractors?: Tensor; alsoFits?: Tensor } = {},
): Tensor {
  const [B] = imageFeatures.shape;
  if (textFeatures.shape[0] !== B) {
    throw new ShapeError(`contrastiveLoss: ${B} images and ${textFeatures.shape[0]} texts are no pairs`);
  }
  const texts = distractors ? concat([textFeatures, distractors], { axis: 0 }) : textFeatures;
  const all = similarity(imageFeatures, texts, logitScale); // [B, B + M]
  // Far below any logit: those are at most 100 in size.
  const logits = alsoFits ? add(all, affine(alsoFits, -1e4, 0)) : all;
  const ofPairs = distractors ? slice(logits, { axis: 1, start: 0, end: B }) : logits; // [B, B]
  const targets = tensor(
    logits.device,
    Int32Array.from({ length: B }, (_, i) => i),
    [B],
    { dtype: 'i32' },
  );
  const ofTexts = crossEntropy(logits, targets);
  const ofImages = crossEntropy(transpose(ofPairs, [1, 0]), targets);
  return affine(add(ofTexts, ofImages), 0.5);
}

/** Sets the logit scale back to its largest value where a step went beyond; to be called after each step. */
export function clampLogitScale(logitScale: Tensor): void {
  noGrad(logitScale.device, () => {
    const excess = relu(affine(logitScale, 1, -maxLogitScale));
    copyInto(sub(logitScale, excess), logitScale);
  });
}
