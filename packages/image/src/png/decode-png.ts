// PNG → 8-bit pixels: undoes row filters and interlacing, expands palettes and small samples.
import { grey16Image, ImageError, type DecodedImage } from '../decoded-image.ts';
import { inflatePixels } from './inflate-pixels.ts';
import { readPngChunks, type PngHeader } from './read-png-chunks.ts';

/** A sub-picture of every `dx`-th pixel and `dy`-th row from (x, y). */
interface Pass {
  x: number;
  y: number;
  dx: number;
  dy: number;
}

const whole: readonly Pass[] = [{ x: 0, y: 0, dx: 1, dy: 1 }];

// Adam7 (PNG specification, 8.2)
const adam7: readonly Pass[] = [
  { x: 0, y: 0, dx: 8, dy: 8 },
  { x: 4, y: 0, dx: 8, dy: 8 },
  { x: 0, y: 4, dx: 4, dy: 8 },
  { x: 2, y: 0, dx: 4, dy: 4 },
  { x: 0, y: 2, dx: 2, dy: 4 },
  { x: 1, y: 0, dx: 2, dy: 2 },
  { x: 0, y: 1, dx: 1, dy: 2 },
];

const channelsOf = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

/**
 * Decodes a PNG. Palettes become RGB; 1, 2 and 4 bits are scaled to 0..255 and 16 bits cut to their high byte; those of
 * grey pictures are kept beside it (`grey16`). Gamma, profiles and tRNS are ignored, as Pillow's `convert("RGB")` does.
 * Of an animation the still picture is taken.
 *
 * @throws ImageError when the file is truncated, damaged, or larger than `maxPixels`
 */
export function decodePng(bytes: Uint8Array, { maxPixels }: { maxPixels: number }): DecodedImage {
  const { header, palette, compressed } = readPngChunks(bytes, { maxPixels });
  const { width, height, depth, colourType, interlaced } = header;
  const samples = channelsOf[colourType];
  const channels = colourType === 3 ? 3 : samples;
  const passes = (interlaced ? adam7 : whole).map((pass) => {
    const columns = Math.max(0, Math.ceil((width - pass.x) / pass.dx));
    const rows = columns === 0 ? 0 : Math.max(0, Math.ceil((height - pass.y) / pass.dy));
    return { ...pass, columns, rows, rowBytes: Math.ceil((columns * samples * depth) / 8) };
  });
  const size = passes.reduce((sum, { rows, rowBytes }) => sum + rows * (1 + rowBytes), 0);
  const filtered = inflatePixels(compressed, size);

  const wideGrey = depth === 16 && colourType === 0;
  const grey16 = new Uint16Array(wideGrey ? width * height : 0);
  const data = new Uint8Array(wideGrey ? 0 : width * height * channels);
  const pixelBytes = Math.max(1, (samples * depth) / 8);
  const expand = rowExpander(header, palette);
  let at = 0;
  for (const { x, y, dx, dy, columns, rows, rowBytes } of passes) {
    let above: Uint8Array = new Uint8Array(rowBytes);
    for (let r = 0; r < rows; r++) {
      const row = filtered.subarray(at + 1, at + 1 + rowBytes);
      unfilterRow(row, above, { filter: filtered[at], pixelBytes });
      const to = { columns, start: ((y + r * dy) * width + x) * channels, step: dx * channels };
      if (wideGrey) placeGrey16(row, grey16, to);
      else expand(row, data, to);
      above = row;
      at += 1 + rowBytes;
    }
  }
  if (wideGrey) return grey16Image(width, height, grey16);
  const image: DecodedImage = { width, height, channels, data };
  return colourType === 3 || depth === 1 ? { ...image, indexed: true } : image;
}

/** Undoes a row's filter in place (PNG specification, 9.2). */
function unfilterRow(
  row: Uint8Array,
  above: Uint8Array,
  { filter, pixelBytes: n }: { filter: number; pixelBytes: number },
): void {
  const length = row.length;
  if (filter === 0) return;
  if (filter === 1) {
    for (let i = n; i < length; i++) row[i] += row[i - n];
  } else if (filter === 2) {
    for (let i = 0; i < length; i++) row[i] += above[i];
  } else if (filter === 3) {
    for (let i = 0; i < n; i++) row[i] += above[i] >> 1;
    for (let i = n; i < length; i++) row[i] += (row[i - n] + above[i]) >> 1;
  } else if (filter === 4) {
    for (let i = 0; i < n; i++) row[i] += above[i];
    for (let i = n; i < length; i++) row[i] += paeth(row[i - n], above[i], above[i - n]);
  } else {
    throw new ImageError(`damaged PNG: a row has filter ${filter}, which does not exist`);
  }
}

/** The neighbour closest to left + above − corner. */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/** Where a row's pixels go: `step` samples apart from `start` on. */
interface Place {
  columns: number;
  start: number;
  step: number;
}

function placeGrey16(row: Uint8Array, grey16: Uint16Array, { columns, start, step }: Place): void {
  for (let i = 0, to = start; i < columns; i++, to += step) grey16[to] = (row[2 * i] << 8) | row[2 * i + 1];
}

type ExpandRow = (row: Uint8Array, data: Uint8Array, to: Place) => void;

/** A function that writes one unfiltered row's pixels to `data`. */
function rowExpander({ depth, colourType }: PngHeader, palette: Uint8Array): ExpandRow {
  if (depth >= 8 && colourType !== 3) {
    const samples = channelsOf[colourType];
    const sampleBytes = depth / 8;
    return (row, data, { columns, start, step }) => {
      if (depth === 8 && step === samples) return data.set(row, start);
      for (let i = 0, from = 0, to = start; i < columns; i++, to += step) {
        for (let c = 0; c < samples; c++, from += sampleBytes) data[to + c] = row[from];
      }
    };
  }
  const mask = (1 << depth) - 1;
  const perByte = 8 / depth;
  const sampleAt = (row: Uint8Array, i: number): number => {
    const byte = row[Math.floor(i / perByte)];
    return (byte >> (8 - depth - (i % perByte) * depth)) & mask;
  };
  if (colourType === 3) {
    return (row, data, { columns, start, step }) => {
      for (let i = 0, to = start; i < columns; i++, to += step) {
        // an index beyond the palette is read as black
        for (let c = 0, entry = 3 * sampleAt(row, i); c < 3; c++) data[to + c] = palette[entry + c] ?? 0;
      }
    };
  }
  const scale = 255 / mask;
  return (row, data, { columns, start, step }) => {
    for (let i = 0, to = start; i < columns; i++, to += step) data[to] = scale * sampleAt(row, i);
  };
}
