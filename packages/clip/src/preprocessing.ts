// How a model's pictures are prepared, from Hugging Face's preprocessor_config.json.
import { clipMean, clipStd, type PerChannel } from '@foreword/image';
import { ClipError } from './clip-error.ts';

export interface Preprocessing {
  /** Pixels along each side, after the resize of the shorter side and the crop of the centre. */
  size: number;
  /** Of samples in 0..1. */
  mean: PerChannel;
  std: PerChannel;
}

/**
 * @param json the parsed preprocessor_config.json; without it OpenAI's figures
 * @param imageSize what the image tower takes
 * @throws ClipError when the file asks for another preparation than resize, centre crop and normalisation to that size
 */
export function readPreprocessing(json: unknown, imageSize: number): Preprocessing {
  const given = (typeof json === 'object' && json !== null ? json : {}) as Readonly<Record<string, unknown>>;
  const perChannel = (key: string, otherwise: PerChannel): PerChannel => {
    const value = given[key] ?? otherwise;
    const isRight = Array.isArray(value) && value.length === 3 && value.every((x) => Number.isFinite(x));
    if (isRight) return value as unknown as PerChannel;
    throw new ClipError(
      `preprocessor_config.json: ${key} is ${JSON.stringify(value)}; three numbers are needed`,
    );
  };
  // A number, or { shortest_edge } for the resize and { height, width } for the crop since transformers 4.21.
  for (const key of ['size', 'crop_size']) {
    const value = given[key];
    if (value === undefined) continue;
    const sides = typeof value === 'object' && value !== null ? Object.values(value) : [value];
    if (sides.every((side) => side === imageSize)) continue;
    throw new ClipError(
      `preprocessor_config.json: ${key} is ${JSON.stringify(value)}, but the image tower takes ${imageSize}`,
    );
  }
  return {
    size: imageSize,
    mean: perChannel('image_mean', clipMean),
    std: perChannel('image_std', clipStd),
  };
}
