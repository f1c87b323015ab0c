// A JPEG's frame: its size, components and how each is sampled and stored.
import { checkSize, ImageError } from '../decoded-image.ts';

export interface Component {
  id: number;
  /** Sampling factors: samples per interleaved unit, across and down. */
  h: number;
  v: number;
  quantId: number;
  /** Latched at the component's first scan. */
  quant?: Uint16Array;
  /** Size in samples, without padding. */
  width: number;
  height: number;
  /** Blocks of 8×8 that hold samples, across and down: what a scan of this component alone covers. */
  blocksAcross: number;
  blocksDown: number;
  /** Blocks stored in a row; a whole number of interleaved units. */
  blockStride: number;
  /** Samples, rows of `8 · blockStride` bytes. */
  plane: Uint8ClampedArray;
  /** Progressive only: coefficients of all blocks, 64 each, in natural order. */
  coefficients?: Int16Array;
}

export interface Frame {
  width: number;
  height: number;
  progressive: boolean;
  components: Component[];
  maxH: number;
  maxV: number;
  /** Interleaved units across and down. */
  unitsAcross: number;
  unitsDown: number;
}

/** What each unsupported start-of-frame marker means. */
const unsupported: Readonly<Record<number, string>> = {
  0xc3: 'lossless',
  0xc5: 'hierarchical',
  0xc6: 'hierarchical',
  0xc7: 'lossless hierarchical',
  0xc9: 'arithmetically coded',
  0xca: 'arithmetically coded',
  0xcb: 'lossless',
  0xcd: 'hierarchical',
  0xce: 'hierarchical',
  0xcf: 'lossless hierarchical',
};

/** Whether a marker starts a frame (0xC4, 0xC8 and 0xCC in that range do not). */
export function startsFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/**
 * Reads a start-of-frame segment.
 *
 * @param body the segment without marker and length
 * @param options.available bytes in the whole file, to refuse sizes it cannot fill before memory is taken
 * @throws ImageError for a kind of JPEG that is not supported, or a header that makes no sense
 */
export function readFrame(
  marker: number,
  body: Uint8Array,
  { maxPixels, available }: { maxPixels: number; available: number },
): Frame {
  const kind = unsupported[marker];
  if (kind)
    throw new ImageError(`${kind} JPEG is not supported: save the picture as baseline or progressive`);
  if (body.length < 6 || body.length < 6 + 3 * body[5])
    throw new ImageError('broken JPEG: its frame header is too short');
  const [precision] = body;
  if (precision !== 8)
    throw new ImageError(`JPEG with ${precision} bits per sample is not supported: save the picture with 8`);
  const height = (body[1] << 8) | body[2];
  const width = (body[3] << 8) | body[4];
  checkSize(width, height, { maxPixels });
  const count = body[5];
  if (count !== 1 && count !== 3 && count !== 4)
    throw new ImageError(
      `JPEG with ${count} components is not supported: save the picture as grey, RGB or CMYK`,
    );

  const sampling = Array.from({ length: count }, (_, i) => {
    const [id, factors, quantId] = body.subarray(6 + 3 * i, 9 + 3 * i);
    return { id, h: factors >> 4, v: factors & 15, quantId };
  });
  for (const { h, v } of sampling) {
    if (h < 1 || h > 4 || v < 1 || v > 4)
      throw new ImageError(`broken JPEG: sampling factors ${h}×${v} do not exist`);
  }
  if (new Set(sampling.map(({ id }) => id)).size < count)
    throw new ImageError('broken JPEG: two components have one name');
  // a lone component is never interleaved, whatever factors it states
  if (count === 1) sampling[0].h = sampling[0].v = 1;
  const maxH = Math.max(...sampling.map(({ h }) => h));
  const maxV = Math.max(...sampling.map(({ v }) => v));
  if (sampling.some(({ h, v }) => maxH % h !== 0 || maxV % v !== 0)) {
    throw new ImageError(
      'JPEG with fractional sampling ratios is not supported: save the picture as 4:4:4 or 4:2:0',
    );
  }
  const unitsAcross = Math.ceil(width / (8 * maxH));
  const unitsDown = Math.ceil(height / (8 * maxV));
  const progressive = marker === 0xc2;
  // A baseline block takes at least two bits: one Huffman code for DC, one for the end of the block. A progressive one
  // takes a bit in the scan of DC; without that scan, which libjpeg tolerates, nothing of a picture can be made out.
  const blocks = sampling.reduce((sum, { h, v }) => sum + unitsAcross * h * unitsDown * v, 0);
  if (blocks / (progressive ? 8 : 4) > available + 3)
    throw new ImageError(`truncated JPEG: ${available} bytes cannot hold ${width}×${height} pixels`);

  const components = sampling.map(({ id, h, v, quantId }): Component => {
    const blockStride = unitsAcross * h;
    const stored = blockStride * unitsDown * v;
    const [componentWidth, componentHeight] = [Math.ceil((width * h) / maxH), Math.ceil((height * v) / maxV)];
    return {
      id,
      h,
      v,
      quantId,
      width: componentWidth,
      height: componentHeight,
      blocksAcross: Math.ceil(componentWidth / 8),
      blocksDown: Math.ceil(componentHeight / 8),
      blockStride,
      plane: new Uint8ClampedArray(stored * 64),
      coefficients: progressive ? new Int16Array(stored * 64) : undefined,
    };
  });
  return { width, height, progressive, components, maxH, maxV, unitsAcross, unitsDown };
}
