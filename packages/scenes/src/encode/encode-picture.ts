// Turns a picture into the bytes of a PNG or JPEG file.
import { encode as encodePng } from 'fast-png';
import type { Picture } from '../draw/draw-scene.ts';
import { encodeJpeg } from './encode-jpeg.ts';

export type PictureFormat = 'png' | 'jpg';

const jpegQuality = 92;

/** Encodes as 8-bit RGB PNG or as JPEG. Same picture and format, same bytes. */
export function encodePicture(picture: Picture, format: PictureFormat): Uint8Array {
  if (format === 'jpg') return encodeJpeg(picture, jpegQuality);
  const { width, height, data } = picture;
  return encodePng({ width, height, data, channels: 3, depth: 8 }, { zlib: { level: 4 } });
}
