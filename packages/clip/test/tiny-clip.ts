// A CLIP small enough to train in a test, with sizes that are no multiples of each other.
import type { ClipConfig } from '@foreword/clip';

export const tinyConfig: ClipConfig = {
  vision: { imageSize: 12, patchSize: 4, width: 24, layers: 2, heads: 3 },
  text: { contextLength: 10, vocabSize: 37, width: 20, layers: 1, heads: 2 },
  embedDim: 16,
};
