// The alpha channel that a PNG's tRNS chunk stands for, which the decoder leaves out as Pillow's convert("RGB") does.
import { decodeImage } from '../../src/decode-image.ts';
import { chunk } from '../build-png.ts';

/** Where the chunk `type` lies, or undefined. */
function find(bytes: Uint8Array, type: string): { start: number; end: number; body: Uint8Array } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 8 <= bytes.length;) {
    const end = at + 12 + view.getUint32(at);
    if (String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === type)
      return { start: at, end, body: bytes.subarray(at + 8, end - 4) };
    at = end;
  }
  return undefined;
}

/** One byte per pixel, or undefined for a picture without tRNS. */
export function alphaFromTransparency(bytes: Uint8Array): Uint8Array | undefined {
  const transparency = find(bytes, 'tRNS')?.body;
  if (!transparency) return undefined;
  const palette = find(bytes, 'PLTE');
  const [depth, colourType] = bytes.subarray(24);
  if (colourType === 3 && palette) {
    // the same picture with each colour's alpha for its colour
    const alphas = Uint8Array.from(palette.body, (_, i) => transparency[Math.floor(i / 3)] ?? 255);
    const parts = [bytes.subarray(0, palette.start), chunk('PLTE', alphas), bytes.subarray(palette.end)];
    return decodeImage(Buffer.concat(parts)).data.filter((_, i) => i % 3 === 0);
  }
  const { width, height, channels, data, grey16 } = decodeImage(bytes);
  const wanted = Array.from(
    { length: channels },
    (_, c) => (transparency[2 * c] << 8) | transparency[2 * c + 1],
  );
  const isWanted = (pixel: number, c: number): boolean => {
    if (grey16) return grey16[pixel] === wanted[c];
    // of 16-bit colours the decoder keeps the high byte, which tells enough in these files
    const target = depth === 16 ? wanted[c] >> 8 : (wanted[c] * 255) / (2 ** depth - 1);
    return data[channels * pixel + c] === target;
  };
  return Uint8Array.from({ length: width * height }, (_, pixel) =>
    wanted.every((_sample, c) => isWanted(pixel, c)) ? 0 : 255,
  );
}

/** The pixels with an alpha channel after the others. */
export function withAlpha(data: Uint8Array, alpha: Uint8Array): Uint8Array {
  const channels = data.length / alpha.length;
  const out = new Uint8Array(data.length + alpha.length);
  for (let i = 0; i < alpha.length; i++) {
    out.set(data.subarray(channels * i, channels * (i + 1)), (channels + 1) * i);
    out[(channels + 1) * i + channels] = alpha[i];
  }
  return out;
}
