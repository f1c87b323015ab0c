// The picture every function here takes and gives, and the error every decoder throws.

/**
 * Pixels as rows of interleaved 8-bit samples: 1 channel grey, 2 grey and alpha, 3 RGB, 4 RGBA, or CMYK where `cmyk`
 * says so. `data` holds width · height · channels bytes.
 */
export interface DecodedImage {
  width: number;
  height: number;
  channels: 1 | 2 | 3 | 4;
  data: Uint8Array;
  /** The four channels are amounts of ink (255 is full), not RGBA. */
  cmyk?: boolean;
  /** The colours come from a palette, or from single bits: in-between colours mean nothing to Pillow. */
  indexed?: boolean;
  /** The samples of a 16-bit grey picture, of which `data` has the high bytes. */
  grey16?: Uint16Array;
}

/** A part of a picture. */
export interface Region {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** A 16-bit grey picture. */
export function grey16Image(width: number, height: number, grey16: Uint16Array): DecodedImage {
  return { width, height, channels: 1, data: Uint8Array.from(grey16, (sample) => sample >> 8), grey16 };
}

/** A picture that cannot be read; the message says why, and which file where that is known. */
export class ImageError extends Error {
  override name = 'ImageError';
  /** The cause alone, without the file's name. */
  reason: string;

  constructor(reason: string, { file, cause }: { file?: string; cause?: unknown } = {}) {
    super(file === undefined ? reason : `${file}: ${reason}`, { cause });
    this.reason = reason;
  }
}

/** Throws ImageError for a size that is empty or has more than `maxPixels` pixels. */
export function checkSize(width: number, height: number, { maxPixels }: { maxPixels: number }): void {
  if (width < 1 || height < 1)
    throw new ImageError(`the picture is empty: its header says ${width}×${height}`);
  if (width * height > maxPixels) {
    throw new ImageError(
      `the picture is too large: ${width}×${height}, more than ${maxPixels} pixels (raise maxPixels)`,
    );
  }
}
