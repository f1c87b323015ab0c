// Checks of sort, argsort and median: the formulas in float64 and the samples that tests are made from.
import type { OpCheck, RefArray, Sample } from '../../check.ts';
import { normaliseAxis, sizeOf, stridesOf, type Shape } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';
import type { MedianAttrs, SortAttrs } from './sort.ts';

/** Places along an axis of `x`, chosen for each of its rows, and the values there. */
function chosenRef(
  x: RefArray,
  axis: number,
  choose: (row: number[]) => number[],
  shapeOf: (count: number) => Shape,
): RefArray[] {
  const at = normaliseAxis('reference', axis, x.shape.length);
  const n = x.shape[at];
  const stride = stridesOf(x.shape)[at];
  const rows = n === 0 ? 0 : x.data.length / n;
  const picks = Array.from({ length: rows }, (_, r) => {
    const base = Math.floor(r / stride) * n * stride + (r % stride);
    const row = Array.from({ length: n }, (__, k) => x.data[base + k * stride]);
    return choose(row).map((place) => ({ place, value: row[place] }));
  });
  const count = picks[0]?.length ?? 0;
  const shape = shapeOf(count);
  const of = (f: (pick: { place: number; value: number }) => number): RefArray => {
    const data = new Float64Array(sizeOf(shape));
    picks.forEach((list, r) =>
      list.forEach(
        (pick, j) => (data[(Math.floor(r / stride) * count + j) * stride + (r % stride)] = f(pick)),
      ),
    );
    return { shape, data };
  };
  return [of(({ value }) => value), of(({ place }) => place)];
}

const order = (row: readonly number[], descending = false): number[] =>
  row.map((_, i) => i).sort((a, b) => (descending ? row[b] - row[a] : row[a] - row[b]) || a - b);

const samples: Sample<SortAttrs>[] = [
  { inputs: [{ shape: [3, 7] }], attrs: {} },
  { inputs: [{ shape: [2, 5, 3] }], attrs: { axis: 1, descending: true } },
  { name: 'in runs', inputs: [{ shape: [2, 300] }], attrs: { axis: -1 }, tolerance: 1e-6 },
  {
    name: 'ties',
    inputs: [{ shape: [1, 150], values: Array.from({ length: 150 }, (_, i) => (i * 7) % 5) }],
    attrs: { descending: true },
    checkGrad: [],
    tolerance: 1e-6,
  },
  { name: 'i32', inputs: [{ shape: [20], dtype: 'i32', range: [-9, 9] }], attrs: {} },
  { name: 'none', inputs: [{ shape: [2, 0] }], attrs: {} },
  { name: 'no rows', inputs: [{ shape: [0, 2] }], attrs: {} },
];

export const sortCheck: OpCheck<SortAttrs, readonly [Tensor]> = {
  reference: ([x], { axis = -1, descending }) =>
    chosenRef(
      x,
      axis,
      (row) => order(row, descending),
      () => x.shape,
    ),
  samples,
};

export const argsortCheck: OpCheck<SortAttrs, readonly [Tensor]> = {
  reference: (inputs, attrs) => sortCheck.reference(inputs, attrs).slice(1),
  samples: samples.map((sample) => ({ ...sample, checkGrad: [] })),
};

export const medianCheck: OpCheck<MedianAttrs, readonly [Tensor]> = {
  reference([x], { axis, keepDim = false }) {
    const flat = { shape: [x.data.length], data: x.data };
    const middle = (row: number[]): number[] => [order(row)[(row.length - 1) >> 1]];
    const at = axis === undefined ? undefined : normaliseAxis('reference', axis, x.shape.length);
    const isReduced = (i: number): boolean => at === undefined || i === at;
    const shape = keepDim
      ? x.shape.map((n, i) => (isReduced(i) ? 1 : n))
      : x.shape.filter((_, i) => !isReduced(i));
    return at === undefined ? chosenRef(flat, 0, middle, () => shape) : chosenRef(x, at, middle, () => shape);
  },
  samples: [
    { inputs: [{ shape: [4, 6] }], attrs: {} },
    { inputs: [{ shape: [3, 5, 2] }], attrs: { axis: 1, keepDim: true } },
    { inputs: [{ shape: [130] }], attrs: { axis: 0 } },
    { inputs: [{ shape: [1] }], attrs: { axis: 0 } },
    { inputs: [{ shape: [0, 3] }], attrs: { axis: 1 } },
  ],
};
