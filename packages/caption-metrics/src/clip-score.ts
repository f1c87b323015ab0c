// CLIPScore and RefCLIPScore from features that CLIP has already computed.

/** One feature vector; its length does not matter, only its direction. */
export type Feature = ArrayLike<number>;

/** What CLIPScore puts in front of every caption, candidate or reference, before CLIP's text tower. */
export const clipScorePrompt = 'A photo depicts ';

// The factor that stretches CLIP's cosines, rarely above 0.4, to about 0..1.
const factor = 2.5;

export interface ClipScoreResult {
  /** Mean over images. */
  clipScore: number;
  perImage: number[];
  /** With references: mean over images of the harmonic mean of CLIPScore and the best caption-reference cosine. */
  refClipScore?: number;
  refPerImage?: number[];
}

/**
 * CLIPScore, and RefCLIPScore where references are given (Hessel et al. 2021). The published values use ViT-B/32 and
 * captions behind {@link clipScorePrompt}, cut to CLIP's 77 tokens.
 *
 * @param features.images one image feature per image
 * @param features.captions text feature of the caption of each image
 * @param features.references text features of the references of each image
 * @throws RangeError when the lists or the vectors do not fit together, or a vector is zero or not finite
 */
export function clipScore(features: {
  images: readonly Feature[];
  captions: readonly Feature[];
  references?: readonly (readonly Feature[])[];
}): ClipScoreResult {
  const { images, captions, references } = features;
  if (images.length === 0) throw new RangeError('clipScore: there is no image to score');
  if (captions.length !== images.length || (references && references.length !== images.length)) {
    const and = references ? ` and ${references.length} sets of references` : '';
    throw new RangeError(
      `clipScore: ${images.length} image features but ${captions.length} caption features${and}; give one per image`,
    );
  }
  const perImage = images.map((image, i) => factor * Math.max(0, cosine(image, captions[i], i)));
  const clip = mean(perImage);
  if (!references) return { clipScore: clip, perImage };
  const refPerImage = references.map((set, i) => {
    if (set.length === 0) throw new RangeError(`clipScore: image ${i} has no reference feature`);
    const best = Math.max(0, ...set.map((reference) => cosine(captions[i], reference, i)));
    const sum = perImage[i] + best;
    return sum === 0 ? 0 : (2 * perImage[i] * best) / sum;
  });
  return { clipScore: clip, perImage, refClipScore: mean(refPerImage), refPerImage };
}

function cosine(a: Feature, b: Feature, image: number): number {
  if (a.length !== b.length) {
    throw new RangeError(
      `clipScore: features of image ${image} differ in length (${a.length} ≠ ${b.length}); are both of one CLIP?`,
    );
  }
  let dot = 0;
  let aSquares = 0;
  let bSquares = 0;
  for (let k = 0; k < a.length; k++) {
    dot += a[k] * b[k];
    aSquares += a[k] * a[k];
    bSquares += b[k] * b[k];
  }
  const value = dot / Math.sqrt(aSquares * bSquares);
  if (!Number.isFinite(value)) {
    throw new RangeError(`clipScore: a feature of image ${image} is zero or not finite; compute it again`);
  }
  return value;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
