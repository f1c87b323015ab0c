// Checks of patch-embed: the formula in float64 and the samples that tests are made from.
import { sizes, type PatchSizes, embedSizes } from './patch-embed.ts';
import type { OpCheck, RefArray } from '../../check.ts';
import { type Tensor } from '../../tensor.ts';
import { matmulRef } from '../product/matmul.check.ts';

function pixelIndex({ C, n, p, G }: PatchSizes, i: number): number {
  const column = i % (C * p * p);
  const patch = Math.floor(i / (C * p * p));
  const y = (Math.floor(patch / G) % G) * p + (Math.floor(column / p) % p);
  const x = (patch % G) * p + (column % p);
  return (Math.floor(patch / (G * G)) * C + Math.floor(column / (p * p))) * n * n + y * n + x;
}

export const imagePatchesCheck: OpCheck<{ p: number }, readonly [Tensor]> = {
  reference: ([image], { p }) => {
    const s = sizes(image.shape, p);
    const data = image.data.map((_, i) => image.data[pixelIndex(s, i)]);
    return [{ shape: [s.B * s.G * s.G, s.C * p * p], data }];
  },
  samples: [
    { inputs: [{ shape: [2, 3, 6, 6] }], attrs: { p: 2 } },
    { inputs: [{ shape: [1, 1, 9, 9] }], attrs: { p: 3 } },
    { inputs: [{ shape: [1, 2, 5, 5] }], attrs: { p: 5 } },
    { inputs: [{ shape: [1, 3, 4, 4] }], attrs: { p: 1 } },
    { inputs: [{ shape: [0, 3, 4, 4] }], attrs: { p: 2 } },
  ],
};

export const patchEmbedCheck: OpCheck<object, readonly [Tensor, Tensor]> = {
  reference([image, weight]) {
    const { B, G, W, K, p } = embedSizes(image, weight);
    const [rows] = imagePatchesCheck.reference([image], { p });
    const flat: RefArray = { shape: [W, K], data: weight.data };
    return [{ shape: [B, G * G, W], data: matmulRef(rows, flat, { transA: false, transB: true }) }];
  },
  samples: [
    { inputs: [{ shape: [2, 3, 4, 4] }, { shape: [8, 3, 2, 2] }], attrs: {} },
    { inputs: [{ shape: [2, 3, 9, 9] }, { shape: [5, 3, 3, 3] }], attrs: {} },
    { inputs: [{ shape: [1, 1, 2, 2] }, { shape: [1, 1, 1, 1] }], attrs: {} },
    { inputs: [{ shape: [1, 3, 7, 7] }, { shape: [9, 3, 7, 7] }], attrs: {} },
    { inputs: [{ shape: [0, 3, 4, 4] }, { shape: [4, 3, 2, 2] }], attrs: {} },
  ],
};
