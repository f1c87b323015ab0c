// Bytes of a picture file → pixels; picks the decoder by the file's first bytes, never by its name.
import { ImageError, type DecodedImage } from './decoded-image.ts';
import { decodeJpeg } from './jpeg/decode-jpeg.ts';
import { decodePng } from './png/decode-png.ts';

/** 100 megapixels: far above any photograph in a caption dataset, far below what would exhaust memory. */
export const defaultMaxPixels = 100_000_000;

const signatures: readonly (readonly [format: string, start: readonly number[]])[] = [
  ['PNG', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['JPEG', [0xff, 0xd8]],
  ['GIF', [0x47, 0x49, 0x46, 0x38]],
  ['BMP', [0x42, 0x4d]],
  ['TIFF', [0x49, 0x49, 0x2a, 0x00]],
  ['TIFF', [0x4d, 0x4d, 0x00, 0x2a]],
  ['WebP', [0x52, 0x49, 0x46, 0x46]],
  ['HTML', [0x3c]],
];

/** How the decoders begin to say that a file is not what it was. */
const damage = /^(truncated|damaged|broken|the picture is empty)/;

/** Name of a file's format by its first bytes, also of some that cannot be decoded here; undefined if unknown. */
function formatOf(bytes: Uint8Array): string | undefined {
  return signatures.find(([, start]) => start.every((byte, i) => bytes[i] === byte))?.[0];
}

/**
 * Decodes a PNG or JPEG file to 8-bit pixels, as Pillow would read it: no colour management, no EXIF rotation; palettes
 * expanded to RGB, transparent colours ignored, 16 bits cut to the high byte (see DecodedImage for what else is known).
 *
 * @param options.file name to put into error messages
 * @param options.maxPixels refuse larger pictures before any memory is taken
 * @throws ImageError naming the file and the cause, for anything that is not a whole PNG or JPEG
 */
export function decodeImage(
  bytes: Uint8Array,
  { file, maxPixels = defaultMaxPixels }: { file?: string; maxPixels?: number } = {},
): DecodedImage {
  try {
    if (bytes.length === 0) throw new ImageError('the file is empty: copy or download it again');
    const format = formatOf(bytes);
    if (format === 'PNG') return decodePng(bytes, { maxPixels });
    if (format === 'JPEG') return decodeJpeg(bytes, { maxPixels });
    if (format === 'HTML')
      throw new ImageError('this is a text or HTML page, not a picture: look where it was downloaded from');
    throw new ImageError(`${format ?? 'this format'} is not supported: convert the picture to PNG or JPEG`);
  } catch (error) {
    if (error instanceof ImageError) {
      const cure = damage.test(error.reason) ? '; copy or download the file again' : '';
      throw new ImageError(error.reason + cure, { file, cause: error.cause });
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new ImageError(`the picture cannot be decoded: ${reason}`, { file, cause: error });
  }
}
