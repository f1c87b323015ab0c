// Any picture → three channels, as Pillow's `convert("RGB")`.
import type { DecodedImage } from './decoded-image.ts';

/**
 * Grey is repeated, alpha dropped (not blended), inks turned into light with Pillow's rounding. 16-bit grey is clipped
 * at 255, which makes most such pictures white; `data` has the picture that people see.
 */
export function toRgb(image: DecodedImage): DecodedImage {
  const { width, height, channels, cmyk, grey16 } = image;
  const data = grey16 ? Uint8ClampedArray.from(grey16) : image.data;
  if (channels === 3) return image;
  const rgb = new Uint8Array(width * height * 3);
  for (let to = 0, from = 0; to < rgb.length; to += 3, from += channels) {
    for (let c = 0; c < 3; c++) {
      if (cmyk) {
        const white = 255 - data[from + 3];
        const product = data[from + c] * white + 128;
        rgb[to + c] = Math.max(0, white - (((product >> 8) + product) >> 8));
      } else {
        rgb[to + c] = data[from + (channels === 4 ? c : 0)];
      }
    }
  }
  return { width, height, channels: 3, data: rgb };
}
