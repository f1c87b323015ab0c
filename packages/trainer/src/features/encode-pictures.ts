// From picture files to CLIP features, group by group: a whole split, or the chunks of one that are still to do.
//
// Legend: N pictures, D feature size.
import { ImageEncoder, type Clip } from '@foreword/clip';
import { decodePictures } from '../data/decode-pictures.ts';
import type { Example } from '../data/dataset.ts';

/** Examples `from` … `to` − 1. */
export interface Range {
  from: number;
  to: number;
}

export interface EncodedPictures {
  /** Indices of the examples whose picture could be read, in order. */
  used: number[];
  /** [N, D], row-major, one row for each of `used`. */
  features: Float32Array;
  /** A sentence for each picture that could not be read. */
  skipped: string[];
}

export interface EncodeOptions {
  clip: Clip;
  /** All rows of CLIP's tower instead of its feature. */
  tokens: boolean;
  label: string;
  strict: boolean;
  signal?: AbortSignal;
}

/** Encodes the ranges in order and hands over each as soon as it is whole. */
export async function encodePictures(
  examples: readonly Example[],
  ranges: readonly Range[],
  { clip, tokens, ...options }: EncodeOptions,
  done: (range: Range, encoded: EncodedPictures) => void | Promise<void>,
): Promise<void> {
  const encoder = await ImageEncoder.create(clip, { batch: 32, tokens });
  const indices = ranges.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));
  let at = 0;
  let current = { used: [] as number[], skipped: [] as string[], rows: [] as Float32Array[] };
  let waiting: Float32Array[] = [];
  const encode = async (): Promise<void> => {
    current.rows.push(...(await encoder.encode(waiting)));
    waiting = [];
  };
  const close = async (): Promise<void> => {
    await encode();
    const { used, skipped, rows } = current;
    const D = rows[0]?.length ?? 0;
    const features = new Float32Array(rows.length * D);
    rows.forEach((row, i) => features.set(row, i * D));
    current = { used: [], skipped: [], rows: [] };
    await done(ranges[at++], { used, features, skipped });
  };
  const closeBefore = async (index: number): Promise<void> => {
    while (index >= ranges[at].to || index < ranges[at].from) await close();
  };
  try {
    await decodePictures(
      indices.map((i) => examples[i]),
      { ...options, size: clip.config.vision.imageSize },
      async (pixels, i) => {
        await closeBefore(indices[i]);
        current.used.push(indices[i]);
        waiting.push(pixels);
        if (waiting.length === encoder.batch) await encode();
      },
      async (sentence, i) => {
        await closeBefore(indices[i]);
        current.skipped.push(sentence);
      },
    );
    while (at < ranges.length) await close();
  } finally {
    encoder.dispose();
  }
}
