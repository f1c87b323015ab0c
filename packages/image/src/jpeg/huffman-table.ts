// Huffman tables of JPEG: built from a DHT segment, laid out for decoding by look-up.
import { ImageError } from '../decoded-image.ts';

/** Codes up to this long are decoded by one look-up; nearly all are. */
export const lookupBits = 9;

export interface HuffmanTable {
  /** By the next `lookupBits` bits: code length · 256 + symbol, or 0 when the code is longer. */
  lookup: Uint16Array;
  /** By code length: the first code of that length beyond the last one, shifted left to 16 bits. */
  limit: Int32Array;
  /** By code length: what to add to a code to get its place in `symbols`. */
  offset: Int32Array;
  symbols: Uint8Array;
}

/**
 * Builds a table from the number of codes of each length 1..16 and the symbols in order of their codes (ITU T.81,
 * annex C).
 *
 * @throws ImageError when the lengths cannot be a prefix code
 */
export function buildHuffmanTable(counts: ArrayLike<number>, symbols: Uint8Array): HuffmanTable {
  const lookup = new Uint16Array(1 << lookupBits);
  const limit = new Int32Array(18);
  const offset = new Int32Array(18);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length++) {
    offset[length] = index - code;
    for (let i = 0; i < counts[length - 1]; i++, code++, index++) {
      if (code >= 1 << length) throw new ImageError('damaged JPEG: a Huffman table has more codes than fit');
      if (length <= lookupBits) {
        const first = code << (lookupBits - length);
        lookup.fill((length << 8) | symbols[index], first, first + (1 << (lookupBits - length)));
      }
    }
    limit[length] = code << (16 - length);
    code <<= 1;
  }
  return { lookup, limit, offset, symbols };
}
