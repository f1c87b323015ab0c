// What CLIP is trained with: every image against every text of the batch, in both directions.
//
// Legend: B pairs, N images, M texts, D feature size.
import {
  add,
  affine,
  copyInto,
  crossEntropy,
  exp,
  l2Normalize,
  matmul,
  mul,
  noGrad,
  relu,
  ShapeError,
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
 * @throws ShapeError when there are not as many texts as images
 */
export function contrastiveLoss(imageFeatures: Tensor, textFeatures: Tensor, logitScale: Tensor): Tensor {
  const [B] = imageFeatures.shape;
  if (textFeatures.shape[0] !== B) {
    throw new ShapeError(`contrastiveLoss: ${B} images and ${textFeatures.shape[0]} texts are no pairs`);
  }
  const logits = similarity(imageFeatures, textFeatures, logitScale);
  const targets = tensor(
    logits.device,
    Int32Array.from({ length: B }, (_, i) => i),
    [B],
    { dtype: 'i32' },
  );
  const ofTexts = crossEntropy(logits, targets);
  const ofImages = crossEntropy(transpose(logits, [1, 0]), targets);
  return affine(add(ofTexts, ofImages), 0.5);
}

/** Sets the logit scale back to its largest value where a step went beyond; to be called after each step. */
export function clampLogitScale(logitScale: Tensor): void {
  noGrad(logitScale.device, () => {
    const excess = relu(affine(logitScale, 1, -maxLogitScale));
    copyInto(sub(logitScale, excess), logitScale);
  });
}
