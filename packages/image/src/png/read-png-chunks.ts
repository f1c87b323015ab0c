// Walks a PNG file's chunks: header, palette and compressed pixels, each with its checksum verified.
import { checkSize, ImageError } from '../decoded-image.ts';

export interface PngHeader {
  width: number;
  height: number;
  /** Bits per sample: 1, 2, 4, 8 or 16. */
  depth: number;
  colourType: 0 | 2 | 3 | 4 | 6;
  interlaced: boolean;
}

export interface PngChunks {
  header: PngHeader;
  /** RGB triples, empty without a palette. */
  palette: Uint8Array;
  /** Pieces of one zlib stream. */
  compressed: Uint8Array[];
}

// Which depths go with which colour type (PNG specification, 11.2.2).
const depthsOf: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

const signatureBytes = 8;

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++)
    remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

/** CRC-32 as PNG, zip and gzip use it. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = crcTable[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * Reads what is needed to decode a PNG. Other chunks are skipped unread, so that a broken colour profile or comment
 * spoils nothing.
 *
 * @throws ImageError when the file is cut short, a checksum is wrong, or the header is not one
 */
export function readPngChunks(bytes: Uint8Array, { maxPixels }: { maxPixels: number }): PngChunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: PngHeader | undefined;
  let palette: Uint8Array = new Uint8Array(0);
  const compressed: Uint8Array[] = [];
  for (let at = signatureBytes; ;) {
    if (at + 8 > bytes.length)
      throw new ImageError(`truncated PNG: the data ends at byte ${bytes.length} without IEND`);
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === 'IEND') break;
    if (!/^[A-Za-z]{4}$/.test(type)) throw new ImageError(`broken PNG: no chunk begins at byte ${at}`);
    const end = at + 12 + length;
    if (end > bytes.length) {
      throw new ImageError(`truncated PNG: chunk ${type} ends at byte ${end}, the data at ${bytes.length}`);
    }
    const body = bytes.subarray(at + 8, end - 4);
    if (type === 'IHDR' || type === 'PLTE' || type === 'IDAT') {
      if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
        throw new ImageError(`damaged PNG: the checksum of chunk ${type} at byte ${at} is wrong`);
      }
      if (type !== 'IHDR' && !header)
        throw new ImageError(`broken PNG: chunk ${type} comes before the header`);
      if (type === 'IHDR') header = readHeader(body, { maxPixels });
      else if (type === 'PLTE') palette = body;
      else compressed.push(body);
    }
    at = end;
  }
  if (!header) throw new ImageError('broken PNG: it has no header');
  if (compressed.length === 0) throw new ImageError('broken PNG: it holds no pixels (no IDAT chunk)');
  if (header.colourType === 3 && palette.length === 0)
    throw new ImageError('broken PNG: the palette is missing');
  return { header, palette, compressed };
}

function readHeader(body: Uint8Array, { maxPixels }: { maxPixels: number }): PngHeader {
  if (body.length !== 13) throw new ImageError(`broken PNG: its header has ${body.length} bytes, not 13`);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colourType, compression, filter, interlace] = body.subarray(8);
  checkSize(width, height, { maxPixels });
  if (!depthsOf[colourType]?.includes(depth)) {
    throw new ImageError(
      `broken PNG: colour type ${colourType} with ${depth} bits per sample does not exist`,
    );
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    throw new ImageError(
      `broken PNG: unknown compression ${compression}, filter ${filter} or interlacing ${interlace}`,
    );
  }
  return {
    width,
    height,
    depth,
    colourType: colourType as PngHeader['colourType'],
    interlaced: interlace === 1,
  };
}
