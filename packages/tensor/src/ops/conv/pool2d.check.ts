// Checks of all pools: the formulas in float64 and the samples that tests are made from.
import type { OpCheck, RefArray, Sample } from '../../check.ts';
import type { Tensor } from '../../tensor.ts';
import { windowOf } from './pool-axis.ts';
import type { Pool1dOptions } from './pool1d.ts';
import { poolOf, type PoolAttrs } from './pool2d.ts';

function poolRef(kind: 'avg' | 'max', x: RefArray, attrs: PoolAttrs): RefArray[] {
  const { axes, countIncludePad } = poolOf('pool', kind, x, attrs);
  const [B, H, W, C] = x.shape;
  const shape = [B, axes[0].out, axes[1].out, C];
  const data = new Float64Array(shape.reduce((a, b) => a * b, 1));
  const indices = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / C);
    const b = Math.floor(pixel / (shape[1] * shape[2]));
    const rows = windowOf(axes[0], Math.floor(pixel / shape[2]) % shape[1], countIncludePad);
    const columns = windowOf(axes[1], pixel % shape[2], countIncludePad);
    const places = rows.pixels.flatMap((y) => columns.pixels.map((column) => y * W + column));
    const values = places.map((place) => x.data[(b * H * W + place) * C + (i % C)]);
    data[i] =
      kind === 'max'
        ? values.reduce((a, v) => Math.max(a, v), -Infinity)
        : values.reduce((a, v) => a + v, 0) / Math.max(1, rows.count * columns.count);
    indices[i] = places[values.indexOf(data[i])];
  }
  return attrs.indices
    ? [
        { shape, data },
        { shape, data: indices },
      ]
    : [{ shape, data }];
}

const plain = { padding: 0, dilation: 1, ceilMode: false, countIncludePad: true };

const windowSamples: Sample<PoolAttrs>[] = [
  { inputs: [{ shape: [2, 4, 6, 8] }], attrs: { ...plain, kernelSize: 2 } },
  {
    name: 'overlapping',
    inputs: [{ shape: [2, 5, 7, 3] }],
    attrs: { ...plain, kernelSize: [3, 2], stride: [2, 1], padding: [1, 0] },
  },
  {
    name: 'beyond the end',
    inputs: [{ shape: [1, 6, 8, 4] }],
    attrs: { ...plain, kernelSize: 3, stride: 2, padding: 1, ceilMode: true, countIncludePad: false },
  },
  {
    name: 'beyond the end, padding counted',
    inputs: [{ shape: [1, 6, 7, 1] }],
    attrs: {
      ...plain,
      kernelSize: [3, 4],
      stride: 3,
      padding: [
        [1, 0],
        [0, 2],
      ],
      ceilMode: true,
    },
  },
  {
    name: 'dilated',
    inputs: [{ shape: [1, 7, 8, 5] }],
    attrs: { ...plain, kernelSize: 2, stride: 1, padding: 1, dilation: [3, 2], countIncludePad: false },
  },
  { inputs: [{ shape: [1, 1, 1, 1] }], attrs: { ...plain, kernelSize: 1 } },
  { inputs: [{ shape: [0, 4, 4, 3] }], attrs: { ...plain, kernelSize: 2 } },
];

const adaptiveSamples: Sample<PoolAttrs>[] = [
  { inputs: [{ shape: [2, 7, 5, 4] }], attrs: { size: [3, 2] } },
  { name: 'global', inputs: [{ shape: [2, 5, 7, 3] }], attrs: { size: 1 } },
  { name: 'larger than the image', inputs: [{ shape: [1, 3, 2, 1] }], attrs: { size: [5, 4] } },
  { inputs: [{ shape: [0, 4, 4, 3] }], attrs: { size: 2 } },
];

/** @param indices the op gives the places of the maxima, too */
export const poolCheck = (kind: 'avg' | 'max', indices = false): OpCheck<PoolAttrs, readonly [Tensor]> => ({
  reference: ([x], attrs) => poolRef(kind, x, attrs),
  samples: windowSamples.map((sample) => ({ ...sample, attrs: { ...sample.attrs, indices } })),
});

export const adaptivePoolCheck = (kind: 'avg' | 'max'): OpCheck<PoolAttrs, readonly [Tensor]> => ({
  reference: ([x], attrs) => poolRef(kind, x, attrs),
  samples: adaptiveSamples,
});

export const pool1dCheck = (kind: 'avg' | 'max'): OpCheck<Pool1dOptions, readonly [Tensor]> => ({
  reference([x], { kernelSize, stride = kernelSize, padding = 0, dilation = 1, ceilMode = false }) {
    const [B, T, C] = x.shape;
    const around = padding as number;
    const [y] = poolRef(
      kind,
      { shape: [B, 1, T, C], data: x.data },
      {
        kernelSize: [1, kernelSize],
        stride: [1, stride],
        padding: [0, around],
        dilation: [1, dilation],
        ceilMode,
        countIncludePad: true,
      },
    );
    return [{ shape: [B, y.shape[2], C], data: y.data }];
  },
  samples: [
    { inputs: [{ shape: [2, 11, 5] }], attrs: { kernelSize: 3, stride: 2, padding: 1 } },
    { inputs: [{ shape: [1, 1, 1] }], attrs: { kernelSize: 1 } },
    { inputs: [{ shape: [0, 4, 3] }], attrs: { kernelSize: 2 } },
  ],
});
