// JPEG → 8-bit pixels: walks the markers, keeps the tables, decodes each scan as it comes.
import { ImageError, type DecodedImage } from '../decoded-image.ts';
import { decodeScan, naturalOrder, reconstruct, type Scan } from './decode-scan.ts';
import { readFrame, startsFrame, type Frame } from './frame.ts';
import { buildHuffmanTable, type HuffmanTable } from './huffman-table.ts';
import { toPixels, type ColourHints } from './jpeg-colour.ts';
import { standardHuffmanTables } from './standard-huffman-tables.ts';

const endOfImage = 0xd9;
const startOfScan = 0xda;

// Encoders make about ten. A hostile file could make a decoder pass over a large picture thousands of times.
const mostScans = 100;

/** Tables and settings in force; segments change them as they come. */
interface State {
  quants: Uint16Array[];
  dc: HuffmanTable[];
  ac: HuffmanTable[];
  restartInterval: number;
  hints: ColourHints;
}

/**
 * Decodes a baseline or progressive JPEG of 1, 3 or 4 components to the very pixels libjpeg-turbo gives Pillow.
 *
 * Damage that libjpeg papers over with grey is an error here: a file without its end, a scan that stops early, an
 * unknown Huffman code. Stray bytes between segments are passed over.
 *
 * @throws ImageError when the file is truncated, damaged, of an unsupported kind, or larger than `maxPixels`
 */
export function decodeJpeg(bytes: Uint8Array, { maxPixels }: { maxPixels: number }): DecodedImage {
  const state: State = { quants: [], dc: [], ac: [], restartInterval: 0, hints: { jfif: false } };
  let frame: Frame | undefined;
  let scans = 0;
  for (let at = 2; ;) {
    while (at < bytes.length && !(bytes[at] === 0xff && bytes[at + 1] !== 0xff && bytes[at + 1] !== 0)) at++;
    if (at + 1 >= bytes.length) {
      throw new ImageError(
        `truncated JPEG: the data ends at byte ${bytes.length} without an end-of-image marker`,
      );
    }
    const marker = bytes[at + 1];
    at += 2;
    if (marker === endOfImage) break;
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue;
    const end = at + ((bytes[at] << 8) | bytes[at + 1]);
    if (!(end >= at + 2)) throw new ImageError(`broken JPEG: the segment at byte ${at} has no length`);
    if (end > bytes.length) {
      throw new ImageError(`truncated JPEG: a segment ends at byte ${end}, the data at ${bytes.length}`);
    }
    const body = bytes.subarray(at + 2, end);
    at = end;
    if (startsFrame(marker)) {
      if (frame) throw new ImageError('broken JPEG: it has two frame headers');
      frame = readFrame(marker, body, { maxPixels, available: bytes.length - at });
    } else if (marker === startOfScan) {
      if (!frame) throw new ImageError('broken JPEG: a scan comes before the frame header');
      if (++scans > mostScans) throw new ImageError(`damaged JPEG: it has more than ${mostScans} scans`);
      at = decodeScan(bytes, at, frame, readScan(body, frame, state));
    } else {
      readTables(marker, body, state);
    }
  }
  if (!frame) throw new ImageError('broken JPEG: it has no frame header');
  const bare = frame.components.find(({ quant }) => !quant);
  if (bare) throw new ImageError(`truncated JPEG: there is no data for component ${bare.id}`);
  if (frame.progressive) reconstruct(frame);
  return toPixels(frame, state.hints);
}

/** Takes in a segment that defines tables or settings; others are skipped. */
function readTables(marker: number, body: Uint8Array, state: State): void {
  if (marker === 0xdb) readQuantisation(body, state);
  else if (marker === 0xc4) readHuffman(body, state);
  else if (marker === 0xdd && body.length >= 2) state.restartInterval = (body[0] << 8) | body[1];
  else if (marker === 0xe0 && startsWith(body, 'JFIF\0')) state.hints.jfif = true;
  else if (marker === 0xee && body.length >= 12 && startsWith(body, 'Adobe'))
    state.hints.adobeTransform = body[11];
}

function startsWith(body: Uint8Array, text: string): boolean {
  return [...text].every((character, i) => body[i] === character.charCodeAt(0));
}

function readQuantisation(body: Uint8Array, { quants }: State): void {
  for (let at = 0; at < body.length;) {
    const wide = body[at] >> 4 !== 0;
    const id = body[at] & 15;
    at++;
    if (at + (wide ? 128 : 64) > body.length)
      throw new ImageError('broken JPEG: a quantisation table is too short');
    const table = new Uint16Array(64);
    for (let i = 0; i < 64; i++) {
      table[naturalOrder[i]] = wide ? (body[at + 2 * i] << 8) | body[at + 2 * i + 1] : body[at + i];
    }
    quants[id] = table;
    at += wide ? 128 : 64;
  }
}

function readHuffman(body: Uint8Array, { dc, ac }: State): void {
  for (let at = 0; at < body.length;) {
    const counts = body.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const symbols = body.slice(at + 17, at + 17 + total);
    if (counts.length < 16 || symbols.length < total || total > 256) {
      throw new ImageError('broken JPEG: a Huffman table is too short');
    }
    (body[at] >> 4 === 0 ? dc : ac)[body[at] & 15] = buildHuffmanTable(counts, symbols);
    at += 17 + total;
  }
}

function readScan(body: Uint8Array, frame: Frame, state: State): Scan {
  const count = body[0];
  if (!(count >= 1 && count <= 4) || body.length < 4 + 2 * count)
    throw new ImageError('broken JPEG: a scan header is too short');
  const standard = frame.progressive ? undefined : standardHuffmanTables;
  const components = Array.from({ length: count }, (_, i) => {
    const [id, tables] = body.subarray(1 + 2 * i, 3 + 2 * i);
    const component = frame.components.find((candidate) => candidate.id === id);
    if (!component)
      throw new ImageError(`broken JPEG: a scan names component ${id}, which the frame does not have`);
    component.quant ??= state.quants[component.quantId];
    if (!component.quant) throw new ImageError('broken JPEG: a quantisation table is missing');
    const [dcId, acId] = [tables >> 4, tables & 15];
    return { component, dc: state.dc[dcId] ?? standard?.dc[dcId], ac: state.ac[acId] ?? standard?.ac[acId] };
  });
  if (new Set(components.map(({ component }) => component)).size < count) {
    throw new ImageError('broken JPEG: a scan names one component twice');
  }
  const [spectralStart, spectralEnd, approximation] = body.subarray(1 + 2 * count);
  const [approximationHigh, approximationLow] = [approximation >> 4, approximation & 15];
  if (frame.progressive) {
    const band =
      spectralStart === 0
        ? spectralEnd === 0
        : spectralEnd >= spectralStart && spectralEnd <= 63 && count === 1;
    if (!band || approximationLow > 13) {
      throw new ImageError(
        `broken JPEG: a scan of coefficients ${spectralStart} to ${spectralEnd} does not exist`,
      );
    }
  }
  const { restartInterval } = state;
  return { components, spectralStart, spectralEnd, approximationHigh, approximationLow, restartInterval };
}
