// The inputs of whole models that engines are compared by.
import { drawn, makeArrays, type Recipe } from './host-arrays.ts';

/** Numbers per prepared picture of ViT-B/32: 3 × 224 × 224. */
export const pixelCount = 3 * 224 * 224;
/** Tokens of the prompt, and tokens appended one by one behind it. */
export const promptRows = 64;
export const appendedTokens = 4;
const vocabulary = 50_257;

/** Pixels [B, 3, 224, 224]. */
export const pictureRecipe = (batch: number): Recipe => ({
  seed: 2,
  arrays: [drawn('pixels', 4, batch, 3, 224, 224)],
});

export const pictures = (batch: number): Float32Array[] => {
  const { data } = makeArrays(pictureRecipe(batch)).get('pixels')!;
  return Array.from({ length: batch }, (_, i) => data.subarray(i * pixelCount, (i + 1) * pixelCount));
};

/** Ids are given rather than chosen: random weights leave near ties, and engines would part at the first of them. */
const ids = (from: number, length: number): Uint32Array =>
  Uint32Array.from({ length }, (_, i) => ((from + i) * 7919) % vocabulary);

export const promptIds = ids(0, promptRows);
export const appendedIds = ids(promptRows, appendedTokens);
