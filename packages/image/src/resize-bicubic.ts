// Antialiased bicubic resizing, bit for bit as Pillow's `Image.resize(size, BICUBIC)`.
import { bicubicTaps, type Span, type Taps } from './bicubic-taps.ts';
import { grey16Image, ImageError, type DecodedImage, type Region } from './decoded-image.ts';
import { resizeGrey16 } from './resize-grey16.ts';
import { resizeNearest } from './resize-nearest.ts';

// Pillow's fixed-point weights for 8-bit samples have 32 − 8 − 2 fractional bits.
const fractionBits = 22;
const half = 1 << (fractionBits - 1);

/** The weights in fixed point. */
function quantise(weights: Float64Array): Int32Array {
  return Int32Array.from(weights, (exact) => {
    const weight = exact * (1 << fractionBits);
    return Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
  });
}

/** Only the rows that a region is made from, and the weights from those, so that a tall picture costs no more. */
function neededRows(image: DecodedImage, down: Taps): { strip: DecodedImage; down: Taps } {
  const { width, channels, data, grey16 } = image;
  const [low] = down.first;
  const high = down.first[down.first.length - 1] + down.count[down.count.length - 1];
  const strip = {
    ...image,
    height: high - low,
    data: data.subarray(low * width * channels, high * width * channels),
    grey16: grey16?.subarray(low * width, high * width),
  };
  return { strip, down: { ...down, first: down.first.map((row) => row - low) } };
}

function resizeRows({ width, height, channels, data }: DecodedImage, taps: Taps): Uint8ClampedArray {
  const { first, count, reach } = taps;
  const weights = quantise(taps.weights);
  const out = new Uint8ClampedArray(first.length * height * channels);
  for (let y = 0, at = 0; y < height; y++) {
    const row = y * width * channels;
    for (let i = 0; i < first.length; i++) {
      const start = row + first[i] * channels;
      for (let c = 0; c < channels; c++, at++) {
        let sum = half;
        for (let k = 0, from = start + c, w = i * reach; k < count[i]; k++, from += channels, w++)
          sum += data[from] * weights[w];
        out[at] = sum >> fractionBits;
      }
    }
  }
  return out;
}

function resizeColumns({ width, channels, data }: DecodedImage, taps: Taps): Uint8ClampedArray {
  const { first, count, reach } = taps;
  const weights = quantise(taps.weights);
  const stride = width * channels;
  const out = new Uint8ClampedArray(first.length * stride);
  const sums = new Int32Array(stride);
  for (let i = 0; i < first.length; i++) {
    sums.fill(half);
    for (let k = 0; k < count[i]; k++) {
      const weight = weights[i * reach + k];
      const row = (first[i] + k) * stride;
      for (let x = 0; x < stride; x++) sums[x] += data[row + x] * weight;
    }
    for (let x = 0, at = i * stride; x < stride; x++) out[at + x] = sums[x] >> fractionBits;
  }
  return out;
}

/** Colours times alpha, so that invisible pixels do not bleed into visible ones; rounded as Pillow rounds. */
function premultiply(image: DecodedImage): DecodedImage {
  const { channels } = image;
  const data = image.data.slice();
  for (let at = 0; at < data.length; at += channels) {
    const alpha = data[at + channels - 1];
    for (let c = 0; c < channels - 1; c++) {
      const product = data[at + c] * alpha + 128;
      data[at + c] = ((product >> 8) + product) >> 8;
    }
  }
  return { ...image, data };
}

function unpremultiply(image: DecodedImage): DecodedImage {
  const { channels } = image;
  const data = image.data.slice();
  for (let at = 0; at < data.length; at += channels) {
    const alpha = data[at + channels - 1];
    if (alpha === 0 || alpha === 255) continue;
    for (let c = 0; c < channels - 1; c++)
      data[at + c] = Math.min(255, Math.trunc((255 * data[at + c]) / alpha));
  }
  return { ...image, data };
}

/**
 * Resizes with Pillow's antialiased bicubic filter, to the same bits: a = −0.5, kernel widened when shrinking, weights
 * with 22 fractional bits, rows before columns, 8-bit rounding after each. Pictures with alpha are resized
 * premultiplied. Browsers' canvas, OpenCV and torchvision on tensors give other values. As in Pillow, pictures of few
 * colours (`indexed`) are resized by nearest neighbour, and 16-bit grey in 16 bits.
 *
 * @param size width and height of the whole result
 * @param options.region compute only this part of the result; the same bytes as cropping it afterwards
 * @throws ImageError when a side is not a positive whole number, or the region leaves the result
 */
export function resizeBicubic(
  image: DecodedImage,
  size: { width: number; height: number },
  { region = { left: 0, top: 0, ...size } }: { region?: Region } = {},
): DecodedImage {
  const sides = [size.width, size.height, region.width, region.height];
  if (sides.some((side) => !Number.isInteger(side) || side < 1)) {
    throw new ImageError(`resizeBicubic: cannot make a picture of ${size.width}×${size.height} pixels`);
  }
  const spanAcross = { skip: region.left, length: region.width };
  const spanDown = { skip: region.top, length: region.height };
  if (!inside(spanAcross, size.width) || !inside(spanDown, size.height)) {
    throw new ImageError(
      `resizeBicubic: the region leaves the picture of ${size.width}×${size.height} pixels`,
    );
  }
  // at its own size Pillow copies, where multiplying by alpha and back would lose bits
  const sameSize = size.width === image.width && size.height === image.height;
  if (image.indexed && !sameSize) return resizeNearest(image, size, region);
  const { strip, down } = neededRows(image, bicubicTaps(image.height, size.height, spanDown));
  const across = bicubicTaps(image.width, size.width, spanAcross);
  const { grey16 } = strip;
  if (grey16) {
    const samples = resizeGrey16({ ...strip, grey16 }, { across, down });
    return grey16Image(region.width, region.height, samples);
  }
  const hasAlpha = !sameSize && (image.channels === 2 || (image.channels === 4 && !image.cmyk));
  const source = hasAlpha ? premultiply(strip) : strip;
  const rows = resizeRows(source, across);
  const narrowed = { ...source, width: region.width, data: new Uint8Array(rows.buffer) };
  const columns = resizeColumns(narrowed, down);
  const resized = { ...narrowed, height: region.height, data: new Uint8Array(columns.buffer) };
  return hasAlpha ? unpremultiply(resized) : resized;
}

function inside({ skip, length }: Span, side: number): boolean {
  return Number.isInteger(skip) && skip >= 0 && skip + length <= side;
}
