// From a JPEG's stored components to grey, RGB or CMYK pixels, with libjpeg's integer conversion.
import type { DecodedImage } from '../decoded-image.ts';
import type { Frame } from './frame.ts';
import { rowUpsampler } from './upsample.ts';

/** What the file says about its colours outside the frame. */
export interface ColourHints {
  jfif: boolean;
  /** Transform code of an Adobe segment: 0 none, 1 YCbCr, 2 YCCK. */
  adobeTransform?: number;
}

// Cr → red, Cb → blue, and the two halves of green with 16 fractional bits (ITU-R BT.601; rounding of jdcolor)
const half = 1 << 15;
const fixed = (value: number): number => Math.round(value * 65536);
const chroma = Int32Array.from({ length: 256 }, (_, sample) => sample - 128);
const redOfCr = chroma.map((value) => (fixed(1.402) * value + half) >> 16);
const blueOfCb = chroma.map((value) => (fixed(1.772) * value + half) >> 16);
const greenOfCr = chroma.map((value) => -fixed(0.71414) * value);
const greenOfCb = chroma.map((value) => -fixed(0.34414) * value + half);

/** Whether the components are luma and chroma rather than red, green and blue or inks (libjpeg's rules). */
function isYcc({ components }: Frame, { jfif, adobeTransform }: ColourHints): boolean {
  if (components.length === 4) return adobeTransform !== undefined && adobeTransform !== 0;
  if (jfif) return true;
  if (adobeTransform !== undefined) return adobeTransform !== 0;
  return String.fromCharCode(...components.map(({ id }) => id)) !== 'RGB';
}

/** Upsamples and converts a decoded frame. CMYK is inverted as Pillow does, because Adobe stores it so. */
export function toPixels(frame: Frame, hints: ColourHints): DecodedImage {
  const { width, height, components } = frame;
  const channels = components.length as 1 | 3 | 4;
  const data = new Uint8ClampedArray(width * height * channels);
  const rows = components.map(() => new Uint8Array(width));
  const upsample = components.map((component) => rowUpsampler(component, frame));
  const [first, second, third, fourth] = rows;
  const ycc = channels > 1 && isYcc(frame, hints);
  for (let y = 0, at = 0; y < height; y++) {
    for (let c = 0; c < channels; c++) upsample[c](y, rows[c]);
    if (ycc) {
      for (let x = 0, to = at; x < width; x++, to += channels) {
        const luma = first[x];
        const cb = second[x];
        const cr = third[x];
        data[to] = luma + redOfCr[cr];
        data[to + 1] = luma + ((greenOfCb[cb] + greenOfCr[cr]) >> 16);
        data[to + 2] = luma + blueOfCb[cb];
      }
    } else {
      // Adobe stores inks inverted; for YCCK that and the complement in its definition cancel
      const flip = channels === 4 ? 255 : 0;
      for (let c = 0; c < Math.min(channels, 3); c++) {
        for (let x = 0, to = at + c; x < width; x++, to += channels) data[to] = rows[c][x] ^ flip;
      }
    }
    if (channels === 4) for (let x = 0, to = at + 3; x < width; x++, to += 4) data[to] = 255 - fourth[x];
    at += width * channels;
  }
  const bytes = new Uint8Array(data.buffer);
  return channels === 4
    ? { width, height, channels, data: bytes, cmyk: true }
    : { width, height, channels, data: bytes };
}
