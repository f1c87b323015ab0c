// A picture as CLIP's image tower wants it: OpenAI's preprocessing, to the same bits.
import { centreRegion } from './centre-crop.ts';
import { decodeImage } from './decode-image.ts';
import type { DecodedImage } from './decoded-image.ts';
import { resizeBicubic } from './resize-bicubic.ts';
import { toRgb } from './to-rgb.ts';

/** A value per channel: red, green, blue. */
export type PerChannel = readonly [number, number, number];

/** Mean of CLIP's training pictures, of samples in 0..1. */
export const clipMean: PerChannel = [0.48145466, 0.4578275, 0.40821073];

/** Their standard deviation. */
export const clipStd: PerChannel = [0.26862954, 0.26130258, 0.27577711];

export interface ClipPreprocessOptions {
  mean?: PerChannel;
  std?: PerChannel;
  /** Name of the picture for error messages. */
  file?: string;
  /** Refuse larger pictures. */
  maxPixels?: number;
}

/**
 * Shorter side to `size` by Pillow's bicubic, centre crop, RGB, scaled and normalised: what `openai/CLIP` computes
 * with Pillow and torchvision, in that order (colour conversion after the crop).
 *
 * @param source a PNG or JPEG file, or decoded pixels
 * @param size side of the square, the image tower's resolution
 * @returns [3, size, size], channel first
 * @throws ImageError when the file cannot be decoded
 */
export function clipPreprocess(
  source: Uint8Array | DecodedImage,
  size = 224,
  { mean = clipMean, std = clipStd, file, maxPixels }: ClipPreprocessOptions = {},
): Float32Array {
  const image = source instanceof Uint8Array ? decodeImage(source, { file, maxPixels }) : source;
  const short = Math.min(image.width, image.height);
  // torchvision truncates the longer side; the product comes first there too
  const scaled = (side: number): number => (side === short ? size : Math.trunc((size * side) / short));
  const whole = { width: scaled(image.width), height: scaled(image.height) };
  const region = centreRegion(whole, { width: size, height: size });
  const { data } = toRgb(resizeBicubic(image, whole, { region }));

  const pixels = new Float32Array(3 * size * size);
  for (let c = 0; c < 3; c++) {
    const normalised = normalisation(mean[c], std[c]);
    for (let i = 0, at = c * size * size; i < size * size; i++, at++)
      pixels[at] = normalised[data[3 * i + c]];
  }
  return pixels;
}

/** The normalised value of each of the 256 samples, rounded to float32 after every step as torch does. */
function normalisation(mean: number, std: number): Float32Array {
  const f = Math.fround;
  return Float32Array.from({ length: 256 }, (_, sample) => f(f(f(sample / 255) - f(mean)) / f(std)));
}
