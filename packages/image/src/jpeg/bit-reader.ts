// Reads the entropy-coded bits of one JPEG scan, from byte stuffing to Huffman symbols.
import { ImageError } from '../decoded-image.ts';
import { lookupBits, type HuffmanTable } from './huffman-table.ts';

/** A cursor over entropy-coded data. At a marker it stops and gives zeros; `overrun` then tells. */
export class BitReader {
  /** Next byte to take. */
  position: number;
  private readonly data: Uint8Array;
  /** The last `count` bits of this are still to be given out. */
  private window = 0;
  private count = 0;
  /** How many of the bits in the window stand for data that is not there. */
  private invented = 0;

  constructor(data: Uint8Array, position: number) {
    this.data = data;
    this.position = position;
  }

  /** Whether bits have been given out that the data does not hold. */
  get overrun(): boolean {
    return this.count < this.invented;
  }

  /** Makes sure that at least 16 bits wait in the window. */
  private fill(): void {
    while (this.count <= 16) {
      let byte = this.data[this.position];
      if (byte === undefined || (byte === 0xff && this.data[this.position + 1] !== 0)) {
        byte = 0;
        this.invented += 8;
      } else {
        this.position += byte === 0xff ? 2 : 1;
      }
      this.window = ((this.window & 0xffffff) << 8) | byte;
      this.count += 8;
    }
  }

  /** The next `length` bits (0..16) as an unsigned number. */
  bits(length: number): number {
    if (this.count < length) this.fill();
    this.count -= length;
    return (this.window >> this.count) & ((1 << length) - 1);
  }

  /** The next `length` bits as a coefficient: the lower half of the range stands for negative numbers. */
  signed(length: number): number {
    if (length === 0) return 0;
    const value = this.bits(length);
    return value < 1 << (length - 1) ? value - (1 << length) + 1 : value;
  }

  /** The next symbol. Throws ImageError for a code the table does not have. */
  symbol(table: HuffmanTable): number {
    if (this.count < 16) this.fill();
    const entry = table.lookup[(this.window >> (this.count - lookupBits)) & ((1 << lookupBits) - 1)];
    if (entry !== 0) {
      this.count -= entry >> 8;
      return entry & 255;
    }
    const next = (this.window >> (this.count - 16)) & 0xffff;
    for (let length = lookupBits + 1; length <= 16; length++) {
      if (next < table.limit[length]) {
        this.count -= length;
        return table.symbols[(next >> (16 - length)) + table.offset[length]];
      }
    }
    throw this.fault('the data holds an unknown Huffman code');
  }

  /** The error for data that makes no sense: at the end of the data the likelier cause is that more is missing. */
  fault(what: string): ImageError {
    return new ImageError(this.invented > 0 ? 'truncated JPEG: a scan ends early' : `damaged JPEG: ${what}`);
  }

  /** Drops what is left in the window and moves on to the next marker (its 0xFF), or to the end of the data. */
  skipToMarker(): void {
    this.window = this.count = this.invented = 0;
    const { data } = this;
    while (
      this.position < data.length &&
      !(data[this.position] === 0xff && isMarker(data[this.position + 1]))
    )
      this.position++;
  }
}

/** Whether a byte after 0xFF makes a marker; 0 is a stuffed byte and 0xFF is filling. */
function isMarker(code: number | undefined): boolean {
  return code !== undefined && code !== 0 && code !== 0xff;
}
