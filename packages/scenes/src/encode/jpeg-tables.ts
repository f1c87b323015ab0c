// The constant tables of a baseline JPEG file. Source: ITU-T T.81, Annex K and figure 5.

/** Where the coefficient at each zigzag place stands in the 8 × 8 block, row by row. */
export const zigzag: readonly number[] = walkDiagonals();

function walkDiagonals(): number[] {
  const order: number[] = [];
  for (let sum = 0; sum < 15; sum++) {
    for (let step = Math.max(0, sum - 7); step <= Math.min(7, sum); step++) {
      order.push(sum % 2 === 0 ? (sum - step) * 8 + step : step * 8 + (sum - step));
    }
  }
  return order;
}

/** Table K.1, quantisation steps of brightness, row by row. */
const brightnessSteps: readonly number[] = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22,
  29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103,
  121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

/** Table K.2, of colour: its lower right is all 99. */
const colourCorner: readonly (readonly number[])[] = [
  [17, 18, 24, 47],
  [18, 21, 26, 66],
  [24, 26, 56, 99],
  [47, 66, 99, 99],
];
const colourSteps: readonly number[] = Array.from(
  { length: 64 },
  (_, i) => colourCorner[i >> 3]?.[i & 7] ?? 99,
);

/** Quantisation steps for brightness and colour at a quality from 50 to 100, as libjpeg scales them. */
export function quantisation(quality: number): readonly [readonly number[], readonly number[]] {
  const scale = (step: number) =>
    Math.max(1, Math.min(255, Math.floor((step * (200 - 2 * quality) + 50) / 100)));
  return [brightnessSteps.map(scale), colourSteps.map(scale)];
}

/** A Huffman table: how many codes there are of each length from 1 to 16, and their symbols in order. */
export interface HuffmanTable {
  readonly lengths: readonly number[];
  readonly symbols: readonly number[];
}

/** Table K.3. */
export const dcTable: HuffmanTable = {
  lengths: [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
  symbols: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
};

/** Table K.5. Its longest codes belong to all symbols not listed before, by run and then size. */
export const acTable: HuffmanTable = {
  lengths: [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125],
  symbols: acSymbols(),
};

function acSymbols(): number[] {
  const short = [
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22,
    0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33,
    0x62, 0x72, 0x82,
  ];
  const taken = new Set(short);
  for (let run = 0; run < 16; run++) {
    for (let size = 1; size <= 10; size++) {
      const symbol = run * 16 + size;
      if (!taken.has(symbol)) short.push(symbol);
    }
  }
  return short;
}

/** Codes and their lengths in bits, by symbol. Source: T.81, Annex C. */
export function huffmanCodes(table: HuffmanTable): { code: Uint16Array; bits: Uint8Array } {
  const code = new Uint16Array(256);
  const bits = new Uint8Array(256);
  let next = 0;
  let at = 0;
  table.lengths.forEach((count, i) => {
    for (let k = 0; k < count; k++, at++, next++) {
      code[table.symbols[at]] = next;
      bits[table.symbols[at]] = i + 1;
    }
    next <<= 1;
  });
  return { code, bits };
}
