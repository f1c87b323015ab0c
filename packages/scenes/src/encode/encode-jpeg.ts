// A baseline JPEG encoder. jpeg-js's own builds tables of 65,535 arrays anew for every picture, which
// took most of the time of generating the dataset; this one builds its tables once.
import type { Picture } from '../draw/draw-scene.ts';
import { acTable, dcTable, huffmanCodes, type HuffmanTable, quantisation, zigzag } from './jpeg-tables.ts';

/** cos(k π/16)/2 for k = 0..7, the first divided by √2: written out, as Math.cos differs between engines. */
const cosine = [
  0.3535533905932738, 0.4903926402016152, 0.4619397662556434, 0.4157348061512726, 0.3535533905932738,
  0.2777851165098011, 0.1913417161825449, 0.0975451610080641,
];

/** Row u holds the weights of frequency u over the eight samples. Source: T.81, A.3.3. */
const basis = new Float64Array(64);
for (let u = 0; u < 8; u++) {
  for (let x = 0; x < 8; x++) {
    const angle = ((2 * x + 1) * u) % 32;
    const folded = angle > 16 ? 32 - angle : angle;
    const sign = folded > 8 ? -1 : 1;
    const k = folded > 8 ? 16 - folded : folded;
    basis[u * 8 + x] = u === 0 ? cosine[0] : k === 8 ? 0 : k === 0 ? sign * 0.5 : sign * cosine[k];
  }
}

const dcCodes = huffmanCodes(dcTable);
const acCodes = huffmanCodes(acTable);

/** Encodes at full colour resolution (4:4:4). `quality` from 50 to 100. Same input, same bytes. */
export function encodeJpeg(picture: Picture, quality: number): Uint8Array {
  const { width, height } = picture;
  const steps = quantisation(quality);
  const out = new BitWriter(1024 + width * height * 3);
  writeHeaders(out, width, height, steps);
  const planes = toYCbCr(picture);
  const before = [0, 0, 0];
  const block = new Float64Array(64);
  const levels = new Int32Array(64);
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      for (let c = 0; c < 3; c++) {
        loadBlock(block, planes[c], { width, height, left, top });
        transform(block);
        const step = steps[c === 0 ? 0 : 1];
        for (let i = 0; i < 64; i++) levels[i] = Math.round(block[zigzag[i]] / step[zigzag[i]]);
        writeBlock(out, levels, before[c]);
        before[c] = levels[0];
      }
    }
  }
  out.flush();
  out.marker(0xd9);
  return out.bytes();
}

/** Three planes centred on 0. Source: JFIF 1.02, conversion to YCbCr. */
function toYCbCr({ width, height, data }: Picture): readonly Float64Array[] {
  const n = width * height;
  const planes = [new Float64Array(n), new Float64Array(n), new Float64Array(n)] as const;
  for (let i = 0; i < n; i++) {
    const r = data[3 * i];
    const g = data[3 * i + 1];
    const b = data[3 * i + 2];
    planes[0][i] = 0.299 * r + 0.587 * g + 0.114 * b - 128;
    planes[1][i] = -0.168735892 * r - 0.331264108 * g + 0.5 * b;
    planes[2][i] = 0.5 * r - 0.418687589 * g - 0.081312411 * b;
  }
  return planes;
}

interface BlockPlace {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
}

/** Copies 8 × 8 samples; over the right and lower edges the last ones repeat. */
function loadBlock(block: Float64Array, plane: Float64Array, place: BlockPlace): void {
  const { width, height, left, top } = place;
  for (let y = 0; y < 8; y++) {
    const row = Math.min(top + y, height - 1) * width;
    for (let x = 0; x < 8; x++) block[y * 8 + x] = plane[row + Math.min(left + x, width - 1)];
  }
}

const half = new Float64Array(64);

/** The discrete cosine transform of the block, in place: rows, then columns. */
function transform(block: Float64Array): void {
  for (let y = 0; y < 8; y++) {
    for (let u = 0; u < 8; u++) {
      let sum = 0;
      for (let x = 0; x < 8; x++) sum += block[y * 8 + x] * basis[u * 8 + x];
      half[y * 8 + u] = sum;
    }
  }
  for (let v = 0; v < 8; v++) {
    for (let u = 0; u < 8; u++) {
      let sum = 0;
      for (let y = 0; y < 8; y++) sum += half[y * 8 + u] * basis[v * 8 + y];
      block[v * 8 + u] = sum;
    }
  }
}

/** Entropy-codes one block of quantised levels in zigzag order. Source: T.81, F.1.2. */
function writeBlock(out: BitWriter, levels: Int32Array, dcBefore: number): void {
  const difference = levels[0] - dcBefore;
  const dcSize = bitLength(difference);
  out.put(dcCodes.code[dcSize], dcCodes.bits[dcSize]);
  out.putLevel(difference, dcSize);
  let run = 0;
  for (let i = 1; i < 64; i++) {
    const level = levels[i];
    if (level === 0) {
      run++;
      continue;
    }
    for (; run > 15; run -= 16) out.put(acCodes.code[0xf0], acCodes.bits[0xf0]);
    const size = bitLength(level);
    const symbol = run * 16 + size;
    out.put(acCodes.code[symbol], acCodes.bits[symbol]);
    out.putLevel(level, size);
    run = 0;
  }
  if (run > 0) out.put(acCodes.code[0], acCodes.bits[0]);
}

function bitLength(level: number): number {
  return 32 - Math.clz32(Math.abs(level));
}

function writeHeaders(
  out: BitWriter,
  width: number,
  height: number,
  steps: readonly (readonly number[])[],
): void {
  out.marker(0xd8);
  // JFIF 1.1, no units, square pixels, no thumbnail.
  out.segment(0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]);
  steps.forEach((step, id) => out.segment(0xdb, [id, ...zigzag.map((place) => step[place])]));
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  out.segment(0xc0, [8, ...size, 3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1]);
  const huffman = (id: number, table: HuffmanTable) =>
    out.segment(0xc4, [id, ...table.lengths, ...table.symbols]);
  huffman(0x00, dcTable);
  huffman(0x10, acTable);
  // All components share the tables; they cover the full range of symbols.
  out.segment(0xda, [3, 1, 0, 2, 0, 3, 0, 0, 63, 0]);
}

/** Bytes of a JPEG file: markers, segments and, between them, bits with 0 stuffed after 255. */
class BitWriter {
  private data: Uint8Array;
  private length = 0;
  private waiting = 0;
  private waitingBits = 0;

  constructor(capacity: number) {
    this.data = new Uint8Array(capacity);
  }

  private byte(value: number): void {
    if (this.length === this.data.length) {
      const larger = new Uint8Array(2 * this.length);
      larger.set(this.data);
      this.data = larger;
    }
    this.data[this.length++] = value;
  }

  marker(code: number): void {
    this.byte(0xff);
    this.byte(code);
  }

  segment(code: number, content: readonly number[]): void {
    this.marker(code);
    const length = content.length + 2;
    this.byte(length >> 8);
    this.byte(length & 255);
    for (const value of content) this.byte(value);
  }

  /** Writes the low `bits` bits of `value`; at most 16. */
  put(value: number, bits: number): void {
    this.waiting = ((this.waiting << bits) | value) & 0xffffff;
    this.waitingBits += bits;
    while (this.waitingBits >= 8) {
      this.waitingBits -= 8;
      const value8 = (this.waiting >> this.waitingBits) & 255;
      this.byte(value8);
      if (value8 === 255) this.byte(0);
    }
  }

  /** Writes a level of `size` bits: negative ones as their value less one. */
  putLevel(level: number, size: number): void {
    if (size > 0) this.put((level < 0 ? level - 1 : level) & ((1 << size) - 1), size);
  }

  /** Fills the last byte with ones. */
  flush(): void {
    if (this.waitingBits > 0) this.put((1 << (8 - this.waitingBits)) - 1, 8 - this.waitingBits);
  }

  bytes(): Uint8Array {
    return this.data.slice(0, this.length);
  }
}
