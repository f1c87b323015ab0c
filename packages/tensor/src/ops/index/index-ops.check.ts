// Checks of take, indexAdd, gather, the scatters, oneHot, maskedFill and searchSorted, indices outside and from the end included.
import type { OpCheck, RefArray } from '../../check.ts';
import { stridesOf } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';
import { places } from '../move/move-reference.check.ts';
import type { MaskedFillAttrs } from './masked-fill.ts';
import type { OneHotAttrs } from './one-hot.ts';
import type { ScatterAttrs } from './scatter-kernel.ts';
import type { SearchSortedAttrs } from './search-sorted.ts';
import type { TakeAttrs } from './take-kernel.ts';

type Indexed = readonly [Tensor, Tensor];

/** The place of `at` in a row-major array. */
const placeIn = ({ shape }: RefArray, at: readonly number[]): number =>
  stridesOf(shape).reduce((sum, stride, k) => sum + stride * at[k], 0);

/** Entry that an index means, or undefined outside. */
const entryOf = (index: number, n: number): number | undefined => {
  const at = index < 0 ? index + n : index;
  return at >= 0 && at < n ? at : undefined;
};

const replaced = (at: readonly number[], axis: number, by: number): number[] =>
  at.map((c, k) => (k === axis ? by : c));

export const takeCheck: OpCheck<TakeAttrs, Indexed> = {
  reference: ([x, index], { axis }) => {
    const shape = x.shape.toSpliced(axis, 1, ...index.shape);
    const data = Float64Array.from(places(shape), (at) => {
      const own = at.slice(axis, axis + index.shape.length);
      const entry = entryOf(index.data[placeIn(index, own)], x.shape[axis])!;
      return x.data[placeIn(x, [...at.slice(0, axis), entry, ...at.slice(axis + index.shape.length)])];
    });
    return [{ shape, data }];
  },
  samples: [
    { inputs: [{ shape: [5, 3] }, { shape: [2, 2], dtype: 'i32', range: [-5, 5] }], attrs: { axis: 0 } },
    { inputs: [{ shape: [2, 5, 4] }, { shape: [7], dtype: 'u32', range: [0, 5] }], attrs: { axis: 1 } },
    { inputs: [{ shape: [1, 67] }, { shape: [], dtype: 'i32', values: [-1] }], attrs: { axis: 1 } },
    { inputs: [{ shape: [3, 4] }, { shape: [0], dtype: 'i32' }], attrs: { axis: 0 } },
  ],
};

export const gatherCheck: OpCheck<{ axis: number }, Indexed> = {
  reference: ([x, index], { axis }) => [
    {
      shape: index.shape,
      data: Float64Array.from(places(index.shape), (at, i) => {
        const entry = entryOf(index.data[i], x.shape[axis])!;
        return x.data[placeIn(x, replaced(at, axis, entry))];
      }),
    },
  ],
  samples: [
    { inputs: [{ shape: [3, 5] }, { shape: [2, 7], dtype: 'i32', range: [-5, 5] }], attrs: { axis: 1 } },
    { inputs: [{ shape: [5, 2, 3] }, { shape: [4, 2, 1], dtype: 'u32', range: [0, 5] }], attrs: { axis: 0 } },
    { inputs: [{ shape: [1, 67] }, { shape: [1, 70], dtype: 'u32', range: [0, 67] }], attrs: { axis: 1 } },
    { inputs: [{ shape: [3, 4] }, { shape: [0, 4], dtype: 'i32' }], attrs: { axis: 0 } },
  ],
};

const combined: Record<ScatterAttrs['reduce'], (a: number, v: number) => number> = {
  last: (_, v) => v,
  sum: (a, v) => a + v,
  prod: (a, v) => a * v,
  amax: Math.max,
  amin: Math.min,
};

export const scatterCheck = (
  reduce: ScatterAttrs['reduce'],
): OpCheck<ScatterAttrs, readonly [Tensor, Tensor, Tensor | undefined]> => ({
  reference: ([x, index, source], attrs) => {
    const data = x.data.slice();
    places(index.shape).forEach((at, i) => {
      const entry = entryOf(index.data[i], x.shape[attrs.axis]);
      if (entry === undefined) return;
      const to = placeIn(x, replaced(at, attrs.axis, entry));
      const v = source ? source.data[placeIn(source, at)] : attrs.value!;
      data[to] = combined[attrs.reduce](data[to], v);
    });
    return [{ shape: x.shape, data }];
  },
  samples: [
    {
      inputs: [{ shape: [3, 5] }, { shape: [2, 7], dtype: 'i32', range: [-7, 7] }, { shape: [3, 8] }],
      attrs: { axis: 1, reduce },
    },
    {
      inputs: [{ shape: [5, 2, 3] }, { shape: [4, 2, 1], dtype: 'u32', range: [0, 6] }, { shape: [4, 2, 1] }],
      attrs: { axis: 0, reduce },
    },
    ...(reduce === 'last'
      ? [
          {
            inputs: [
              { shape: [1, 67] },
              { shape: [1, 9], dtype: 'u32' as const, range: [0, 67] as const },
              undefined,
            ],
            attrs: { axis: 1, reduce, value: -2.5 },
          },
        ]
      : []),
    {
      inputs: [{ shape: [67] }, { shape: [70], dtype: 'u32', range: [0, 67] }, { shape: [70] }],
      attrs: { axis: 0, reduce },
    },
    {
      inputs: [{ shape: [3, 4] }, { shape: [0, 4], dtype: 'i32' }, { shape: [0, 4] }],
      attrs: { axis: 0, reduce },
    },
  ],
});

export const indexAddCheck: OpCheck<{ axis: number }, readonly [Tensor, Tensor, Tensor]> = {
  reference: ([x, index, source], { axis }) => {
    const data = x.data.slice();
    places(source.shape).forEach((at, i) => {
      const entry = entryOf(index.data[at[axis]], x.shape[axis]);
      if (entry !== undefined) data[placeIn(x, replaced(at, axis, entry))] += source.data[i];
    });
    return [{ shape: x.shape, data }];
  },
  samples: [
    {
      inputs: [{ shape: [5, 4] }, { shape: [7], dtype: 'i32', range: [-6, 6] }, { shape: [7, 4] }],
      attrs: { axis: 0 },
    },
    {
      inputs: [{ shape: [2, 5, 3] }, { shape: [4], dtype: 'u32', range: [0, 6] }, { shape: [2, 4, 3] }],
      attrs: { axis: 1 },
    },
    {
      inputs: [{ shape: [1, 67] }, { shape: [1], dtype: 'u32', range: [0, 67] }, { shape: [1, 1] }],
      attrs: { axis: 1 },
    },
    { inputs: [{ shape: [3, 4] }, { shape: [0], dtype: 'u32' }, { shape: [0, 4] }], attrs: { axis: 0 } },
  ],
};

export const oneHotCheck: OpCheck<OneHotAttrs, readonly [Tensor]> = {
  reference: ([index], { classes }) => [
    {
      shape: [...index.shape, classes],
      data: Float64Array.from({ length: index.data.length * classes }, (_, i) =>
        index.data[Math.floor(i / classes)] === i % classes ? 1 : 0,
      ),
    },
  ],
  samples: [
    { inputs: [{ shape: [3, 5], dtype: 'i32', range: [-2, 9] }], attrs: { classes: 7, dtype: 'f32' } },
    { inputs: [{ shape: [1], dtype: 'u32', range: [0, 3] }], attrs: { classes: 3, dtype: 'i32' } },
    { inputs: [{ shape: [67], dtype: 'u32', range: [0, 3] }], attrs: { classes: 3, dtype: 'f32' } },
    { inputs: [{ shape: [0, 2], dtype: 'u32' }], attrs: { classes: 3, dtype: 'f32' } },
  ],
};

export const maskedFillCheck: OpCheck<MaskedFillAttrs, Indexed> = {
  reference: ([x, mask], { value }) => [
    {
      shape: x.shape,
      data: Float64Array.from(places(x.shape), (at, i) => {
        const own = at.slice(x.shape.length - mask.shape.length).map((c, k) => (mask.shape[k] === 1 ? 0 : c));
        return mask.data[placeIn(mask, own)] === 0 ? x.data[i] : value;
      }),
    },
  ],
  samples: [
    { inputs: [{ shape: [3, 5] }, { shape: [3, 1], dtype: 'u32', range: [0, 2] }], attrs: { value: -4 } },
    {
      inputs: [{ shape: [2, 3, 4] }, { shape: [3, 4], dtype: 'i32', range: [-1, 2] }],
      attrs: { value: 7 },
    },
    { inputs: [{ shape: [67] }, { shape: [1], dtype: 'u32', values: [0] }], attrs: { value: 0 } },
    { inputs: [{ shape: [0, 3] }, { shape: [3], dtype: 'u32', range: [0, 2] }], attrs: { value: 0 } },
  ],
};

export const searchSortedCheck: OpCheck<SearchSortedAttrs, Indexed> = {
  reference: ([sorted, values], { right }) => {
    const n = sorted.shape.at(-1)!;
    const perRow = sorted.shape.length === 1 ? Infinity : values.shape.at(-1)!;
    const data = values.data.map((v, i) => {
      const first = Math.floor(i / perRow) * n;
      return sorted.data.subarray(first, first + n).filter((s) => (right ? s <= v : s < v)).length;
    });
    return [{ shape: values.shape, data }];
  },
  samples: [
    {
      inputs: [
        { shape: [7], values: [-3, -1, -1, 0, 2, 2, 5] },
        { shape: [3, 3], values: [-4, -3, -1, 0, 1, 2, 3, 5, 9] },
      ],
      attrs: { right: false },
      checkGrad: [],
    },
    {
      inputs: [
        { shape: [2, 3], dtype: 'i32', values: [1, 2, 2, 4, 6, 8] },
        { shape: [2, 2], dtype: 'i32', values: [2, 0, 6, 9] },
      ],
      attrs: { right: true },
    },
    { inputs: [{ shape: [1] }, { shape: [67] }], attrs: { right: true }, checkGrad: [] },
    { inputs: [{ shape: [0] }, { shape: [3] }], attrs: { right: true }, checkGrad: [] },
  ],
};
