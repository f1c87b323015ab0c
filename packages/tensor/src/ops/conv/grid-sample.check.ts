// Checks of gridSample: the formula in float64 and the samples that tests are made from.
import type { OpCheck } from '../../check.ts';
import type { Tensor } from '../../tensor.ts';
import type { GridSampleAttrs } from './grid-sample.ts';

/** Where a number of the grid lies on an axis of n pixels. */
function placeOf(g: number, n: number, { paddingMode, alignCorners }: GridSampleAttrs): number {
  let at = alignCorners ? ((g + 1) / 2) * (n - 1) : ((g + 1) * n - 1) / 2;
  if (paddingMode === 'zeros') return at;
  if (paddingMode === 'reflection') {
    const [low, high] = alignCorners ? [0, n - 1] : [-0.5, n - 0.5];
    if (low === high) return 0;
    while (at < low || at > high) at = at < low ? 2 * low - at : 2 * high - at;
  }
  return Math.min(Math.max(at, 0), n - 1);
}

export const gridSampleCheck: OpCheck<GridSampleAttrs, readonly [Tensor, Tensor]> = {
  reference([x, grid], attrs) {
    const [, H, W, C] = x.shape;
    const [B, h, w] = grid.shape;
    const data = new Float64Array(B * h * w * C);
    for (let i = 0; i < data.length; i++) {
      const p = Math.floor(i / C);
      const across = placeOf(grid.data[2 * p], W, attrs);
      const down = placeOf(grid.data[2 * p + 1], H, attrs);
      for (let row = 0; row < H; row++)
        for (let column = 0; column < W; column++) {
          const [dx, dy] = [Math.abs(across - column), Math.abs(down - row)];
          const near =
            attrs.mode === 'nearest'
              ? Number(dx < 0.5 && dy < 0.5)
              : Math.max(0, 1 - dx) * Math.max(0, 1 - dy);
          const image = Math.floor(p / (h * w));
          if (near > 0) data[i] += near * x.data[((image * H + row) * W + column) * C + (i % C)];
        }
    }
    return [{ shape: [B, h, w, C], data }];
  },
  samples: [
    {
      inputs: [{ shape: [2, 5, 7, 4] }, { shape: [2, 3, 3, 2], range: [-1.4, 1.4] }],
      attrs: { mode: 'bilinear', paddingMode: 'zeros', alignCorners: false },
    },
    {
      inputs: [{ shape: [1, 4, 3, 3] }, { shape: [1, 5, 2, 2], range: [-3, 3] }],
      attrs: { mode: 'bilinear', paddingMode: 'reflection', alignCorners: true },
    },
    {
      inputs: [{ shape: [1, 1, 1, 1] }, { shape: [1, 1, 1, 2] }],
      attrs: { mode: 'bilinear', paddingMode: 'border', alignCorners: true },
    },
    {
      inputs: [{ shape: [1, 4, 5, 2] }, { shape: [1, 4, 3, 2], range: [-0.9, 0.9] }],
      attrs: { mode: 'nearest', paddingMode: 'border', alignCorners: false },
    },
    {
      inputs: [{ shape: [0, 4, 5, 2] }, { shape: [0, 4, 3, 2] }],
      attrs: { mode: 'nearest', paddingMode: 'zeros', alignCorners: false },
    },
  ],
};
