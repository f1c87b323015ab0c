// sort, argsort and median: a merge sort of keys with their places, stable whatever the length.
//
// Runs of 64 are ordered by counting, for each element, how many of its run come before it; then runs are merged in pairs:
// an element's place is its rank in its own run plus, by binary search, in the other. No barriers and no padding:
// 2 + log₂(N / 64) kernels, work N · log² N.
// Legend: R rows, N values per row.
import { assertOptions } from '../../arguments.ts';
import { ShapeError, TensorError } from '../../core/errors.ts';
import { formatShape, normaliseAxis, sizeOf } from '../../core/shape.ts';
import { vec2 } from '../../kernel/kernel.ts';
import { loadedType, orderKey } from '../../kernel/order-keys.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import {
  applyOp,
  defineOp,
  type CompositeDefinition,
  type LaunchContext,
  type OpDefinition,
} from '../../op.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';
import { reshape } from '../move/reshape.ts';
import { alongLast } from './along-last.ts';
import { scatterRows } from './scatter-rows.ts';

export interface SortAttrs {
  axis?: number;
  descending?: boolean;
}

const firstRun = 64;

/** WGSL: whether the pair (key, place) `a` comes before `b`; places differ, so the order is total and hence stable. */
const before = 'fn isBefore(a: vec2u, b: vec2u) -> bool { return a.x < b.x || (a.x == b.x && a.y < b.y); }';

/** Pairs (key, place in the row) of every row in order: [R, N, 2] as u32. */
function sortedPairs({ device, run }: LaunchContext, x: Tensor, descending: boolean): Tensor {
  const N = x.dim(-1);
  const makePairs = (): Tensor => emptyTensor(device, [x.size, 2], { dtype: 'u32' });
  let from = makePairs();
  run({
    name: 'sort runs',
    read: { x },
    write: { out: vec2(from) },
    sizes: { N },
    threads: x.size,
    flops: x.size * firstRun,
    code: wgsl`${orderKey(x.dtype)}
${before}
fn pairAt(base: u32, c: u32) -> vec2u {
  return vec2u(${descending ? '~' : ''}orderKey(${loadedType(x.dtype)}(x[base + c])), c);
}
fn thread(i: u32) {
  let base = (i / N) * N;
  let own = pairAt(base, i % N);
  let first = (own.y / ${firstRun}u) * ${firstRun}u;
  let end = min(N, first + ${firstRun}u);
  var place = first;
  for (var c = first; c < end; c++) { place += select(0u, 1u, isBefore(pairAt(base, c), own)); }
  out[base + place] = own;
}`,
  });
  let into = N > firstRun ? makePairs() : from;
  for (let length = firstRun; length < N; length *= 2) {
    run({
      name: 'merge runs',
      read: { pairs: vec2(from) },
      write: { out: vec2(into) },
      sizes: { N, RUN: length },
      threads: x.size,
      flops: x.size * Math.log2(length),
      code: wgsl`${before}
fn thread(i: u32) {
  let base = (i / N) * N;
  let c = i % N;
  let own = pairs[i];
  let first = (c / (2u * RUN)) * 2u * RUN;
  let middle = min(N, first + RUN);
  let isLeft = c < middle;
  // In the other run: how many come before this one.
  let other = select(first, middle, isLeft);
  var low = other;
  var high = select(middle, min(N, first + 2u * RUN), isLeft);
  while (low < high) {
    let at = (low + high) / 2u;
    if (isBefore(pairs[base + at], own)) { low = at + 1u; } else { high = at; }
  }
  out[base + first + (c - select(middle, first, isLeft)) + (low - other)] = own;
}`,
    });
    [from, into] = [into, from];
  }
  return from;
}

/** WGSL: the value at place `at` of the row that starts at `base`. */
const inRows: OpDefinition<{ descending: boolean }, readonly [Tensor]> = {
  name: 'sort',
  inputs: ['x'],
  infer: ([x]) => [
    { shape: x.shape, dtype: x.dtype },
    { shape: x.shape, dtype: 'u32' },
  ],
  launch(context, [x], [values, indices], { descending }) {
    if (x.size === 0) return;
    const pairs = sortedPairs(context, x, descending);
    context.run({
      name: 'take sorted',
      read: { x, pairs: vec2(pairs) },
      write: { values, indices },
      sizes: { N: x.dim(-1) },
      threads: x.size,
      code: wgsl`fn thread(i: u32) {
  let at = pairs[i].y;
  indices[i] = at;
  values[i] = x[(i / N) * N + at];
}`,
    });
  },
  vjp: ({ inputs: [x], outputs: [, indices], grad }) => scatterRows([grad, indices], { shape: x.shape }),
};

const definition: CompositeDefinition<SortAttrs, readonly [Tensor]> = {
  name: 'sort',
  inputs: ['x'],
  compose: ([x], { axis = -1, descending = false }) =>
    alongLast(x, normaliseAxis('sort', axis, x.rank), (rows) => applyOp(inRows, [rows], { descending })),
};

function sortOptions(op: string, options: SortAttrs): SortAttrs {
  assertOptions(op, options, ['axis', 'descending']);
  if (options.descending !== undefined && typeof options.descending !== 'boolean')
    throw new TensorError(`${op}: descending is ${String(options.descending)}, but true or false is wanted`);
  return options;
}

/**
 * The values along `axis` (the last by default) in rising order, or falling with `descending`, and the u32 places they came
 * from. Stable: equal values keep their order. NaN counts as the largest. Any dtype and length; gradients flow through the
 * values. 2 + log₂(N / 64) kernels, work N · log² N.
 * @example
 * const [values, indices] = sort(x, { descending: true });
 */
export const sort = defineOp(
  definition,
  (apply) =>
    (x: Tensor, options: SortAttrs = {}): [values: Tensor, indices: Tensor] => {
      const [values, indices] = apply([x], sortOptions('sort', options));
      return [values, indices];
    },
);

/** The second result of {@link sort} alone: where each value of the sorted axis stood. */
export const argsort = defineOp(
  {
    name: 'argsort',
    inputs: ['x'],
    compose: ([x]: readonly [Tensor], attrs: SortAttrs) => [sort(x.detach(), attrs)[1]],
  },
  (apply) =>
    (x: Tensor, options: SortAttrs = {}): Tensor =>
      apply([x], sortOptions('argsort', options))[0],
);

export interface MedianAttrs {
  /** Undefined: over all elements. */
  axis?: number;
  keepDim?: boolean;
}

const medianOfRows: OpDefinition<object, readonly [Tensor]> = {
  name: 'median',
  inputs: ['x'],
  infer: ([x]) => {
    const shape = [...x.shape.slice(0, -1), 1];
    return [
      { shape, dtype: x.dtype },
      { shape, dtype: 'u32' },
    ];
  },
  launch(context, [x], [values, indices]) {
    if (x.size === 0) return;
    context.run({
      name: 'take median',
      read: { x, pairs: vec2(sortedPairs(context, x, false)) },
      write: { values, indices },
      sizes: { N: x.dim(-1) },
      threads: values.size,
      code: wgsl`fn thread(r: u32) {
  // A NaN is last in order, and the median of what holds one.
  let last = pairs[r * N + N - 1u];
  let middle = pairs[r * N + (N - 1u) / 2u];
  let at = select(middle.y, last.y, last.x == 0xffffffffu);
  indices[r] = at;
  values[r] = x[r * N + at];
}`,
    });
  },
  vjp: ({ inputs: [x], outputs: [, indices], grad }) => scatterRows([grad, indices], { shape: x.shape }),
};

const medianDefinition: CompositeDefinition<MedianAttrs, readonly [Tensor]> = {
  name: 'median',
  inputs: ['x'],
  compose([x], { axis, keepDim = false }) {
    const at = axis === undefined ? 0 : normaliseAxis('median', axis, x.rank);
    const source = axis === undefined ? reshape(x, [x.size]) : x;
    if (source.shape[at] === 0 && sizeOf(source.shape.filter((_, i) => i !== at)) > 0)
      throw new ShapeError(`median: nothing to choose from in ${formatShape(x.shape)}`);
    const shape = axis === undefined ? x.shape.map(() => 1) : source.shape.map((n, i) => (i === at ? 1 : n));
    const out = keepDim ? shape : axis === undefined ? [] : shape.filter((_, i) => i !== at);
    return alongLast(source, at, (rows) => applyOp(medianOfRows, [rows], {})).map((t) => reshape(t, out));
  },
};

/**
 * The median along `axis` and its u32 place, or of all elements: of an even number of values the lower one of the two in the
 * middle, as in PyTorch; NaN where there is one. Gradients flow through the value.
 * @throws ShapeError where there is nothing to choose from.
 * @example
 * const [values, indices] = median(x, { axis: 0 });
 */
export const median = defineOp(
  medianDefinition,
  (apply) =>
    (x: Tensor, options: MedianAttrs = {}): [values: Tensor, indices: Tensor] => {
      assertOptions('median', options, ['axis', 'keepDim']);
      const [values, indices] = apply([x], options);
      return [values, indices];
    },
);
