// The picture that CLIP sees, before it is scaled and normalised, for comparison with Pillow's bytes.
import { clipPreprocess } from '../src/clip-preprocess.ts';

/** Resized and cropped to `size`, as rows of interleaved RGB. */
export function preprocessedRgb(bytes: Uint8Array, size: number): Uint8Array {
  const pixels = clipPreprocess(bytes, size, { mean: [0, 0, 0], std: [1, 1, 1] });
  const count = size * size;
  return Uint8Array.from({ length: 3 * count }, (_, i) =>
    Math.round(255 * pixels[(i % 3) * count + Math.floor(i / 3)]),
  );
}
