// Encodes many images with one plan of a fixed batch size.
import { compile, noGrad, type Plan, type Tensor } from '@foreword/tensor';
import type { Clip } from './clip.ts';
import { imageTokenCount } from './clip-config.ts';
import { ClipError } from './clip-error.ts';

type EncoderPlan = Plan<{ pixels: { shape: number[] } }, { features: Tensor }>;

export interface ImageEncoderOptions {
  /** Images per replay. Default 16. */
  batch?: number;
  /**
   * Every row of the vision transformer, projected like the feature, instead of the feature alone: a picture's
   * numbers are then [1 + N, D] for N patches, and the first D of them its feature. Default false.
   */
  tokens?: boolean;
}

/**
 * Features of preprocessed images, batch by batch. The model must stay alive as long as the encoder.
 * @example
 * const encoder = await ImageEncoder.create(clip, { batch: 32 });
 * const features = await encoder.encode(images.map((image) => clipPreprocess(image, 224)));
 * encoder.dispose();
 */
export class ImageEncoder {
  /** Images per replay. */
  readonly batch: number;
  /** Numbers per image, 3·n·n. */
  readonly pixelCount: number;
  /** Numbers per picture that come out: D, or with `tokens` (1 + N)·D. */
  readonly embedDim: number;
  readonly #plan: EncoderPlan;

  /** Use {@link ImageEncoder.create}. */
  constructor(clip: Clip, plan: EncoderPlan, { batch, embedDim }: { batch: number; embedDim: number }) {
    this.batch = batch;
    this.pixelCount = 3 * clip.config.vision.imageSize ** 2;
    this.embedDim = embedDim;
    this.#plan = plan;
  }

  /**
   * Compiles the plan.
   * @throws ClipError for `tokens` of a ResNet
   */
  static async create(
    clip: Clip,
    { batch = 16, tokens = false }: ImageEncoderOptions = {},
  ): Promise<ImageEncoder> {
    if (!Number.isInteger(batch) || batch < 1)
      throw new ClipError(`ImageEncoder: batch is ${batch}; at least 1 is needed`);
    const n = clip.config.vision.imageSize;
    const embedDim = clip.config.embedDim * (tokens ? imageTokenCount(clip.config) : 1);
    const encode = (pixels: Tensor): Tensor =>
      tokens
        ? clip.encodeImageTokens(pixels, { projected: true }).reshape([batch, embedDim])
        : clip.encodeImage(pixels);
    const plan = await compile(clip.device, { pixels: { shape: [batch, 3, n, n] } }, ({ pixels }) =>
      noGrad(clip.device, () => ({ features: encode(pixels) })),
    );
    return new ImageEncoder(clip, plan, { batch, embedDim });
  }

  /**
   * One feature [D] (or [(1 + N)·D]) per image, in order.
   * @param images pixels [3, n, n] each, as CLIP's preprocessing gives them
   * @throws ClipError when an image has another number of pixels
   */
  async encode(images: readonly Float32Array[]): Promise<Float32Array[]> {
    const { batch, pixelCount, embedDim: D } = this;
    images.forEach(({ length }, i) => {
      if (length !== pixelCount) {
        throw new ClipError(
          `ImageEncoder: image ${i} has ${length} numbers; this model takes 3·n·n = ${pixelCount}`,
        );
      }
    });
    const features: Float32Array[] = [];
    for (let from = 0; from < images.length; from += batch) {
      const count = Math.min(batch, images.length - from);
      // A new block each time: the last batch is padded with black, not with what was there before.
      const pixels = new Float32Array(batch * pixelCount);
      for (let i = 0; i < count; i++) pixels.set(images[from + i], i * pixelCount);
      const rows = (await this.#plan.run({ pixels }).features.read()) as Float32Array;
      for (let i = 0; i < count; i++) features.push(rows.slice(i * D, (i + 1) * D));
    }
    return features;
  }

  /** Frees the plan; the model stays. */
  dispose(): void {
    this.#plan.dispose();
  }
}
