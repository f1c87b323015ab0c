// Cuts the middle out of a picture, with torchvision's choice of the middle.
import { grey16Image, ImageError, type DecodedImage, type Region } from './decoded-image.ts';

/** Rounds to the nearest whole number and halves to the even one, as Python's `round` does. */
export function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/**
 * Where the middle `width`×`height` pixels of a picture lie. An odd margin is split as
 * `torchvision.transforms.CenterCrop` splits it (round((w − n) / 2), halves to even), which differs by a pixel from what
 * Hugging Face does.
 *
 * @throws ImageError when the picture is smaller than the crop
 */
export function centreRegion(
  image: { width: number; height: number },
  { width, height }: { width: number; height: number },
): Region {
  if (width > image.width || height > image.height) {
    throw new ImageError(
      `centreCrop: ${width}×${height} does not fit into a picture of ${image.width}×${image.height}`,
    );
  }
  const left = roundHalfToEven((image.width - width) / 2);
  const top = roundHalfToEven((image.height - height) / 2);
  return { left, top, width, height };
}

/** The middle `width`×`height` pixels; see {@link centreRegion} for where that is and what it throws. */
export function centreCrop(image: DecodedImage, size: { width: number; height: number }): DecodedImage {
  const { left, top, width, height } = centreRegion(image, size);
  const cut = <T extends Uint8Array | Uint16Array>(samples: T, kept: T, channels: number): T => {
    for (let y = 0; y < height; y++) {
      const from = ((top + y) * image.width + left) * channels;
      kept.set(samples.subarray(from, from + width * channels), y * width * channels);
    }
    return kept;
  };
  if (image.grey16) return grey16Image(width, height, cut(image.grey16, new Uint16Array(width * height), 1));
  const { channels } = image;
  const data = cut(image.data, new Uint8Array(width * height * channels), channels);
  return { ...image, width, height, data };
}
