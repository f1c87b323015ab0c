// Nearest-neighbour resizing as Pillow does it, which is what its mode "P" and "1" pictures get from any filter.
import type { DecodedImage, Region } from './decoded-image.ts';

/** The nearest input position of each of `length` output positions after `skip`. */
function nearest(from: number, to: number, { skip, length }: { skip: number; length: number }): Int32Array {
  const positions = new Int32Array(length);
  const scale = from / to;
  // Pillow adds up the positions, so that roundings add up too
  let position = scale * 0.5;
  for (let i = 0; i < skip + length; i++, position += scale) {
    if (i >= skip) positions[i - skip] = Math.min(Math.trunc(position), from - 1);
  }
  return positions;
}

/** The part `region` of the picture resized to `size`. */
export function resizeNearest(
  image: DecodedImage,
  size: { width: number; height: number },
  region: Region,
): DecodedImage {
  const { channels } = image;
  const { left, top, width, height } = region;
  const columns = nearest(image.width, size.width, { skip: left, length: width });
  const rows = nearest(image.height, size.height, { skip: top, length: height });
  const data = new Uint8Array(width * height * channels);
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = (row * image.width + column) * channels;
      for (let c = 0; c < channels; c++) data[at++] = image.data[from + c];
    }
  }
  return { ...image, width, height, data };
}
