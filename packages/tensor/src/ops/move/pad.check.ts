// Checks of pad: the formula in float64 and the samples that tests are made from.
import type { OpCheck, Sample } from '../../check.ts';
import type { Shape } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';
import { moved } from './move-reference.check.ts';
import { paddedShape, type PadAttrs, type PadMode } from './pad.ts';

const entry: Record<PadMode, (c: number, n: number) => number> = {
  constant: (c) => c,
  replicate: (c, n) => Math.min(Math.max(c, 0), n - 1),
  circular: (c, n) => (c + n) % n,
  reflect: (c, n) => (c < 0 ? -c : c >= n ? 2 * (n - 1) - c : c),
};

export const padCheck: OpCheck<PadAttrs, readonly [Tensor]> = {
  reference: ([x], { pads, mode, value }) => [
    moved(
      x,
      paddedShape(x.shape, pads),
      (at) => {
        const from = at.map((c, k) => entry[mode](c - pads[k][0], x.shape[k]));
        return from.every((c, k) => c >= 0 && c < x.shape[k]) ? from : undefined;
      },
      value,
    ),
  ],
  samples: (
    [
      [
        [3, 5],
        [
          [1, 2],
          [0, 3],
        ],
        'constant',
        1.5,
      ],
      [
        [2, 4],
        [
          [1, 0],
          [4, 8],
        ],
        'constant',
        0,
      ],
      [
        [5, 4],
        [
          [-1, 1],
          [2, -2],
        ],
        'constant',
        0,
      ],
      [
        [2, 5, 1],
        [
          [0, 0],
          [2, 4],
          [0, 0],
        ],
        'reflect',
        0,
      ],
      [
        [3, 5],
        [
          [2, 0],
          [1, 3],
        ],
        'replicate',
        0,
      ],
      [
        [3, 5],
        [
          [3, 1],
          [0, 2],
        ],
        'circular',
        0,
      ],
      [
        [0, 3],
        [
          [1, 1],
          [0, 0],
        ],
        'constant',
        2,
      ],
      [
        [1, 67],
        [
          [0, 0],
          [1, 1],
        ],
        'reflect',
        0,
      ],
    ] as [Shape, [number, number][], PadMode, number][]
  ).map(([shape, pads, mode, value]): Sample<PadAttrs> => ({
    name: mode,
    inputs: [{ shape }],
    attrs: { pads, mode, value },
  })),
};
