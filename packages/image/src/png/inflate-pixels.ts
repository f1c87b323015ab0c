// Inflates a PNG's compressed pixels to exactly as many bytes as its header calls for.
import { Unzlib } from 'fflate';
import { ImageError } from '../decoded-image.ts';

// Deflate cannot do better than 1032:1, so that this many input bytes become at most 66 MB before we look again.
const sliceBytes = 1 << 16;
const bestRatio = 1032;

/**
 * @param compressed pieces of one zlib stream
 * @param size bytes wanted; what comes after them is ignored, as libpng does
 * @throws ImageError when the stream is damaged or ends early
 */
export function inflatePixels(compressed: readonly Uint8Array[], size: number): Uint8Array {
  const available = compressed.reduce((sum, piece) => sum + piece.length, 0);
  const tooShort = (got: number): ImageError =>
    new ImageError(`truncated PNG: its pixels take ${size} bytes, the file holds ${got}`);
  // checked before memory is taken, so that a small file with a huge size in its header costs nothing
  if (available * bestRatio < size) throw tooShort(0);

  const pixels = new Uint8Array(size);
  let filled = 0;
  const stream = new Unzlib((chunk) => {
    const taken = chunk.subarray(0, size - filled);
    pixels.set(taken, filled);
    filled += taken.length;
  });
  try {
    for (const piece of compressed) {
      for (let at = 0; at < piece.length && filled < size; at += sliceBytes) {
        stream.push(piece.subarray(at, at + sliceBytes), false);
      }
    }
  } catch (error) {
    throw new ImageError(`damaged PNG: its compressed pixels do not unpack (${(error as Error).message})`, {
      cause: error,
    });
  }
  if (filled < size) throw tooShort(filled);
  return pixels;
}
