// Checks of the reductions: the formulas in float64 and the samples that tests are made from.
import type { OpCheck, RefArray, Sample } from '../../check.ts';
import { normaliseAxes, sizeOf, stridesOf } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';
import type { ReduceOptions } from './axes.ts';
import type { NormOptions } from './norm.ts';
import type { VarianceOptions } from './variance.ts';

/** The values that are reduced together, for each place of the result. */
function reducedRef(
  x: RefArray,
  { axis, keepDim = false }: ReduceOptions,
  f: (values: number[]) => number,
): RefArray[] {
  const axes = normaliseAxes('reference', axis, x.shape.length);
  const kept = x.shape.map((n, i) => (axes.includes(i) ? 1 : n));
  const strides = stridesOf(x.shape);
  const keptStrides = stridesOf(kept);
  const groups = Array.from({ length: sizeOf(kept) }, (): number[] => []);
  x.data.forEach((v, i) => {
    const at = strides.reduce(
      (sum, stride, k) => sum + ((Math.floor(i / stride) % x.shape[k]) % kept[k]) * keptStrides[k],
      0,
    );
    groups[at].push(v);
  });
  const shape = keepDim ? kept : x.shape.filter((_, i) => !axes.includes(i));
  return [{ shape, data: Float64Array.from(groups, f) }];
}

const samples: Sample<ReduceOptions>[] = [
  { inputs: [{ shape: [4, 6] }], attrs: {} },
  { inputs: [{ shape: [3, 5, 2] }], attrs: { axis: 1, keepDim: true } },
  { inputs: [{ shape: [3, 5, 2] }], attrs: { axis: [0, -1] } },
  { inputs: [{ shape: [5, 8] }], attrs: { axis: 0 } },
  { inputs: [{ shape: [1] }], attrs: { keepDim: true } },
  { inputs: [{ shape: [2, 0, 3] }], attrs: { axis: 0 } },
  { name: 'long column', inputs: [{ shape: [2100, 3] }], attrs: { axis: 0 }, checkGrad: [] },
  { name: 'long', inputs: [{ shape: [9001] }], attrs: {}, checkGrad: [] },
];

export function reductionCheck<O extends ReduceOptions>(
  f: (values: number[], options: O) => number,
  own: readonly Sample<O>[] = [],
): OpCheck<O, readonly [Tensor]> {
  return {
    reference: ([x], options) => reducedRef(x, options, (values) => f(values, options)),
    samples: [...(samples as Sample<O>[]), ...own],
  };
}

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const average = (values: readonly number[]): number => total(values) / values.length;

const integers: Sample<ReduceOptions>[] = [
  { name: 'i32', inputs: [{ shape: [3, 8], dtype: 'i32', range: [-9, 9] }], attrs: { axis: -1 } },
  { name: 'u32', inputs: [{ shape: [3, 5], dtype: 'u32', range: [1, 4] }], attrs: { axis: 0 } },
];

export const sumCheck = reductionCheck(
  (values) => total(values),
  [...integers, { name: 'of nothing', inputs: [{ shape: [3, 0] }], attrs: {} }],
);
export const meanCheck = reductionCheck(average);
export const maxCheck = reductionCheck((values) => Math.max(...values), integers);
export const minCheck = reductionCheck((values) => Math.min(...values), integers);
const mask: Sample<ReduceOptions>[] = [
  { name: 'mask', inputs: [{ shape: [9, 8], dtype: 'u32', range: [0, 2] }], attrs: { axis: -1 } },
  {
    name: 'sparse',
    inputs: [{ shape: [3, 4], values: [0, 0, 0, -0, 1, 1, 2, 3, 0, 5, 0, 0] }],
    attrs: { axis: 1 },
  },
];

/** Results that are no floats have no gradient. */
function truthCheck(f: (values: number[]) => boolean): OpCheck<ReduceOptions, readonly [Tensor]> {
  const check = reductionCheck((values) => Number(f(values)), mask);
  return { ...check, samples: check.samples.map((sample) => ({ ...sample, checkGrad: [] })) };
}
export const anyCheck = truthCheck((values) => values.some((v) => v !== 0));
export const allCheck = truthCheck((values) => values.every((v) => v !== 0));

export const prodCheck = reductionCheck(
  (values) => values.reduce((a, b) => a * b, 1),
  [
    ...integers,
    {
      name: 'one zero',
      inputs: [{ shape: [2, 5], values: [1, -2, 0, 3, 0.5, 1, 2, 3, 4, 5] }],
      attrs: { axis: -1 },
    },
    {
      name: 'two zeros',
      inputs: [{ shape: [5, 2], values: [1, 2, 0, 3, 2, 1, 0, 2, 3, 4] }],
      attrs: { axis: 0 },
    },
  ],
);

const variance = (values: readonly number[], correction: number): number => {
  const middle = average(values);
  return total(values.map((v) => (v - middle) ** 2)) / (values.length - correction);
};
const spreads: Sample<VarianceOptions>[] = [
  { name: 'population', inputs: [{ shape: [3, 7] }], attrs: { axis: 1, correction: 0 } },
  {
    name: 'far from zero',
    inputs: [{ shape: [3, 64], range: [99, 101] }],
    attrs: { axis: 1 },
    tolerance: 2e-4,
    checkGrad: [],
  },
];
/** One value has no variance about its own mean. */
const withoutOne = <O>(check: OpCheck<O, readonly [Tensor]>): OpCheck<O, readonly [Tensor]> => ({
  ...check,
  samples: check.samples.map((sample) =>
    sample.inputs[0]?.shape.length === 1 && sample.inputs[0].shape[0] === 1
      ? { ...sample, attrs: { ...sample.attrs, correction: 0 }, checkGrad: [] }
      : sample,
  ),
});
export const varCheck = withoutOne(
  reductionCheck<VarianceOptions>((values, { correction = 1 }) => variance(values, correction), spreads),
);
export const stdCheck = withoutOne(
  reductionCheck<VarianceOptions>(
    (values, { correction = 1 }) => Math.sqrt(variance(values, correction)),
    spreads,
  ),
);

export const normCheck = reductionCheck<NormOptions>(
  (values, { p = 2 }) => {
    const sizes = values.map(Math.abs);
    if (p === Infinity) return Math.max(...sizes);
    if (p === -Infinity) return Math.min(...sizes);
    if (p === 0) return sizes.filter((v) => v !== 0).length;
    return total(sizes.map((v) => v ** p)) ** (1 / p);
  },
  [
    { name: 'p = 1', inputs: [{ shape: [3, 8] }], attrs: { axis: 1, p: 1 } },
    { name: 'p = 3', inputs: [{ shape: [8, 3] }], attrs: { axis: 0, p: 3 } },
    { name: 'p = ∞', inputs: [{ shape: [3, 8] }], attrs: { axis: 1, p: Infinity } },
    { name: 'p = −∞', inputs: [{ shape: [3, 5] }], attrs: { axis: 1, p: -Infinity } },
    {
      name: 'p = 0',
      inputs: [{ shape: [3, 5], values: [0, 1, 2, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0] }],
      attrs: { axis: 1, p: 0 },
      checkGrad: [],
    },
  ],
);

export const logSumExpCheck = reductionCheck(
  (values) => {
    const top = Math.max(...values);
    return top + Math.log(total(values.map((v) => Math.exp(v - top))));
  },
  [{ name: 'large', inputs: [{ shape: [3, 8], range: [-200, 200] }], attrs: { axis: 1 } }],
);
